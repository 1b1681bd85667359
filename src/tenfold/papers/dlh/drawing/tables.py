"""Tables 1 to 3 with the reported numbers beside ours, and those that keep them honest."""

from __future__ import annotations

import numpy as np

from tenfold.papers.dlh.drawing.recorded import cells
from tenfold.results import Results
from tenfold.tables import comparison_table, mean_and_spread

DEPTHS = {"dlh": None, "dlh-n2": 2, "dlh-n3": 3, "dlh-n4": 4, "dlh-n5": 5}
SCORES = ("ssim", "ssim_mean", "psnr", "psnr_mean")
EVENTS = ("update_rate", "event_precision", "event_recall", "event_f1", "event_f1_random", "collapsed")


def prediction_table(results: Results) -> None:
    """Table 1. Data sets of the paper that were not run are there with the reported numbers alone."""
    measured = {dataset for dataset, _ in cells(results)}
    reported = set(results.reported.query("metric == 'ssim'")["dataset"])
    datasets = results.known("datasets", None, measured | reported)
    results.save_table("t1-prediction", comparison_table(results, ["ssim", "psnr"], datasets=datasets))


def seeds_table(results: Results) -> None:
    """Every seed for itself."""
    import pandas as pd

    found = {metric: results.values(metric) for metric in SCORES}
    level = {metric: results.values(metric, "level-2") for metric in ("update_rate", "event_f1")}
    rows, labels = [], []
    for key in cells(results):
        for seed in sorted(found["ssim"][key]):
            row = [_number(results, metric, found[metric].get(key, {}).get(seed)) for metric in SCORES]
            row += [_number(results, metric, level[metric].get(key, {}).get(seed)) for metric in level]
            rows.append(row)
            labels.append((results.label(key[0]), results.method_title(key[1]), seed))
    columns = [results.paper.metrics[metric].title for metric in (*SCORES, *level)]
    _save(results, "t1-seeds", pd.DataFrame(rows, columns=columns), labels, ["data set", "method", "seed"])


def depth_table(results: Results) -> None:
    """Table 2, on every data set where levels were counted."""
    methods = [name for name in DEPTHS if name in results.paper.methods]
    counted = {dataset for dataset, method in results.values("depth") if method in methods}
    if counted:
        datasets = results.known("datasets", None, counted)
        results.save_table("t2-depth", comparison_table(results, ["depth", "kl"], methods, datasets))


def changes_table(results: Results) -> None:
    """Table 3, with what is needed to read it."""
    import pandas as pd

    shown = ("p_change", "p_static", "update_rate", "event_f1")
    found = {metric: results.values(metric, "level-2") for metric in shown}
    reported = results.reported.set_index(["dataset", "method", "metric"])["value"].to_dict()
    rows, labels = [], []
    for dataset, method in cells(results):
        if (dataset, method) not in found["p_static"]:
            continue
        row = []
        for metric in ("p_change", "p_static"):
            row.append(_spread(results, metric, found[metric].get((dataset, method), {})))
            row.append(_number(results, metric, reported.get((dataset, method, metric))))
        row += [_spread(results, metric, found[metric].get((dataset, method), {})) for metric in shown[2:]]
        rows.append(row)
        labels.append((results.label(dataset), results.method_title(method)))
    titles = [results.paper.metrics[metric].title for metric in shown]
    columns = [titles[0], "reported", titles[1], "reported ", *titles[2:]]
    if rows:
        _save(results, "t3-changes", pd.DataFrame(rows, columns=columns), labels, ["data set", "method"])


def events_table(results: Results) -> None:
    """Precision and recall apart: a collapse of e hides in neither."""
    _by_level(results, "events", EVENTS, "event_f1")


def probes_table(results: Results) -> None:
    """Colour and position from each level."""
    _by_level(results, "probes", ("probe_colour", "probe_position"), "probe_colour")


def _by_level(results: Results, name: str, metrics: tuple[str, ...], needed: str) -> None:
    """A row for each data set, method and level that has the needed metric."""
    import pandas as pd

    table = results.metrics
    splits = sorted({split for split in table["split"] if split.startswith("level-")})
    found = {split: {metric: results.values(metric, split) for metric in metrics} for split in splits}
    rows, labels = [], []
    for dataset, method in cells(results):
        for split in splits:
            own = {metric: found[split][metric].get((dataset, method), {}) for metric in metrics}
            if own[needed]:
                rows.append([_spread(results, metric, own[metric]) for metric in metrics])
                labels.append((results.label(dataset), results.method_title(method), split.removeprefix("level-")))
    columns = [results.paper.metrics[metric].title for metric in metrics]
    if rows:
        _save(results, name, pd.DataFrame(rows, columns=columns), labels, ["data set", "method", "level"])


def cost_table(results: Results) -> None:
    """CPU time is that of the job, shared out to its seeds."""
    import pandas as pd

    sizes = results.values("parameters")
    seconds: dict[tuple[str, str], list[float]] = {}
    for run in results.runs():
        spent = run.record["cpu_seconds"] / len(run.seeds)
        seconds.setdefault((run.dataset, run.method), []).append(spent)
    rows, labels = [], []
    for key in cells(results):
        size = next(iter(sizes[key].values()))
        rows.append([f"{size:,.0f}", f"{np.mean(seconds[key]):.1f}" if key in seconds else ""])
        labels.append((results.label(key[0]), results.method_title(key[1])))
    frame = pd.DataFrame(rows, columns=["parameters", "CPU seconds a seed"])
    _save(results, "cost", frame, labels, ["data set", "method"])


def _save(results: Results, name: str, frame, labels: list[tuple], names: list[str]) -> None:  # type: ignore[no-untyped-def]
    import pandas as pd

    frame.index = pd.MultiIndex.from_tuples(labels, names=names)
    results.save_table(name, frame)


def _spread(results: Results, metric: str, found: dict[int, float]) -> str:
    return mean_and_spread(list(found.values()), results.paper.metrics[metric].format) if found else ""


def _number(results: Results, metric: str, value: float | None) -> str:
    return "" if value is None else format(value, results.paper.metrics[metric].format)
