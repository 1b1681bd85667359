"""Tables: data, initial labelling functions, AP at equal interactions, ablations, cost, extensions, the notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tenfold.papers.leiad.curves import EARLY
from tenfold.papers.leiad.drawing.recorded import DETECTORS, LEIAD, Values, datasets, methods, runs, values
from tenfold.papers.leiad.evaluate import MOMENTS
from tenfold.papers.leiad.oracles import runs as events_in
from tenfold.papers.leiad.pools import labels_of
from tenfold.results import Results
from tenfold.tables import mean_and_spread

if TYPE_CHECKING:
    import pandas as pd

SHOWN = tuple(moment for moment in MOMENTS if moment >= 10)


def data_table(results: Results) -> None:
    """T1: the pools that were drawn."""
    rows, index = [], []
    for dataset in datasets(results):
        for run in runs(results, dataset, "uad-ts2vec")[:1]:
            for side in ("train", "test"):
                drawn = [labels_of(run.prepared, seed, side) for seed in run.seeds]
                counts = np.array([[len(s) - 1, len(y), (y == 1).mean(), len(events_in(y, s))] for y, s in drawn])
                series, points, share, events = counts.mean(0)
                index.append((results.label(dataset), side))
                rows.append([f"{series:.0f}", f"{points:,.0f}", f"{share:.2%}", f"{events:.0f}"])
    _save(results, "t1-data", rows, index, ["series", "points", "anomalous", "anomalous runs"], ["data set", "side"])


def initial_table(results: Results) -> None:
    """T2: detectors on the pool, as scores and as labelling functions, with the notebook's numbers for Yahoo."""
    metrics = {
        "ap": "AP",
        "vote_precision": "precision",
        "vote_recall": "recall*",
        "vote_f1": "F1*",
        "vote_coverage": "votes on",
    }
    found = {metric: values(results, metric, "train") for metric in metrics}
    rows, index = [], []
    for dataset in datasets(results):
        for method in methods(results, dataset, DETECTORS):
            index.append((results.label(dataset), results.method_title(method)))
            rows.append([_cell(results, found[metric], dataset, method, metric) for metric in metrics])
    for method in results.known("methods", None, _reported(results, "vote_f1", "train")):
        index.append(("Yahoo S5, as reported (notebook, one run)", results.method_title(method)))
        rows.append([_told(results, metric, method) for metric in metrics])
    _save(results, "t2-initial", rows, index, list(metrics.values()))


def curve_table(results: Results) -> None:
    """T3: test AP and AUC of every method after the same numbers of interactions."""
    for name, split in (("t3-test", "test"), ("t3-pool", "unlabelled")):
        found = {
            f"{metric}_{moment}": values(results, f"{metric}_{moment}", split)
            for metric in ("ap", "auc")
            for moment in SHOWN
        }
        found |= {"ap": values(results, "ap", split), "alc": values(results, "alc", split)}
        keys = [key for key in found if found[key]]
        rows, index, kept = [], [], []
        for dataset in datasets(results):
            for method in methods(results, dataset):
                cells = [_cell(results, found[key], dataset, method, key) for key in keys]
                if any(cells):
                    rows.append(cells)
                    index.append((results.label(dataset), results.method_title(method)))
                    kept.append((dataset, method))
        if rows:
            frame = _frame(rows, index, [_moment_title(key) for key in keys])
            frame.attrs["best"] = _best(found, keys, kept)
            results.save_table(name, frame)


def ablation_table(results: Results) -> None:
    """T4: what LEIAD is without each of its parts, and what it depends on."""
    wanted = [m for m, one in results.paper.methods.items() if m == LEIAD or one.role in ("ablation", "study")]
    columns = [
        ("alc", "test", "ALC, test"),
        ("alc_early", "test", f"first {EARLY}"),
        ("alc_late", "test", "later"),
        ("alc", "unlabelled", "ALC, pool"),
        ("label_ap_end", "unlabelled", "label model, end"),
        ("anomalies_labelled", "train", "anomalies labelled"),
    ]
    found = [values(results, metric, split) for metric, split, _ in columns]
    rows, index = [], []
    for dataset in datasets(results):
        for method in methods(results, dataset, wanted):
            index.append((results.label(dataset), results.method_title(method)))
            rows.append([_cell(results, f, dataset, method, c[0]) for f, c in zip(found, columns, strict=True)])
    _save(results, "t4-ablations", rows, index, [title for _, _, title in columns])


def efficiency_table(results: Results) -> None:
    """Interactions to 90 % of the supervised AP, and what was labelled by then."""
    columns = [("to_ceiling", "test"), ("anomalies_labelled", "train"), ("points_labelled", "train")]
    found = [values(results, *column) for column in columns]
    rows, index = [], []
    for dataset in datasets(results):
        for method in methods(results, dataset, {method for _, method in found[0]}):
            index.append((results.label(dataset), results.method_title(method)))
            rows.append([_cell(results, f, dataset, method, c[0]) for f, c in zip(found, columns, strict=True)])
    _save(results, "t6-efficiency", rows, index, ["interactions to 90 %", "anomalies labelled", "points labelled"])


def cost_table(results: Results) -> None:
    """T5: CPU seconds of a seed, and of an iteration."""
    rows, index = [], []
    for dataset in datasets(results):
        for method in methods(results, dataset):
            own = runs(results, dataset, method)
            seeds = sum(len(run.seeds) for run in own)
            if not seeds:
                continue
            cpu = sum(run.record["cpu_seconds"] for run in own) / seeds
            steps = [
                len(run.predictions[f"{s}/curve"]) for run in own for s in run.seeds if f"{s}/curve" in run.predictions
            ]
            each = f"{cpu / np.mean(steps):.2f}" if steps else ""
            index.append((results.label(dataset), results.method_title(method)))
            rows.append([f"{cpu:.1f}", f"{np.mean(steps):.0f}" if steps else "", each])
    _save(results, "t5-cost", rows, index, ["CPU s a seed", "iterations", "CPU s an iteration"])


def alarm_table(results: Results) -> None:
    """T7: the extensions, apart from the paper's metrics."""
    metrics = ("event_recall", "delay_f1")
    found = {metric: values(results, metric) for metric in metrics}
    rows, index = [], []
    for dataset in datasets(results):
        for method in methods(results, dataset):
            index.append((results.label(dataset), results.method_title(method)))
            rows.append([_cell(results, found[metric], dataset, method, metric) for metric in metrics])
    _save(results, "t7-alarms", rows, index, ["events found", "delay-adjusted F1"])


def notebook_table(results: Results) -> None:
    """T8: test AP over interactions in the authors' notebook, and ours."""
    keys = [key for key in (f"ap_{moment}" for moment in MOMENTS if moment) if _reported(results, key, "test")]
    arms = results.known("methods", None, {method for key in keys for method in _reported(results, key, "test")})
    found = {key: values(results, key) for key in keys}
    rows = [[_told(results, key, method, "test") for key in keys] for method in arms]
    index = [("Yahoo S5, as reported (notebook, one run)", results.method_title(method)) for method in arms]
    for dataset in datasets(results):
        for method in methods(results, dataset, arms):
            index.append((f"{results.label(dataset)}, measured", results.method_title(method)))
            rows.append([_cell(results, found[key], dataset, method, key) for key in keys])
    _save(results, "t8-notebook", rows, index, [_moment_title(key) for key in keys])


# ------------------------------------------------------------------------------------------------- cells


def _cell(results: Results, found: Values, dataset: str, method: str, metric: str) -> str:
    numbers = found.get((dataset, method))
    return mean_and_spread(numbers, results.paper.metrics[metric].format) if numbers else ""


def _reported(results: Results, metric: str, split: str) -> dict[str, float]:
    """Method -> the number reported for it."""
    table = results.reported
    table = table[(table["metric"] == metric) & (table["split"] == split)]
    return {str(method): float(value) for method, value in table[["method", "value"]].itertuples(index=False)}


def _told(results: Results, metric: str, method: str, split: str = "train") -> str:
    number = _reported(results, metric, split).get(method)
    return "" if number is None else format(number, results.paper.metrics[metric].format)


def _moment_title(key: str) -> str:
    metric, _, moment = key.partition("_")
    return f"{metric.upper()} @{moment}" if moment else {"ap": "AP, end", "alc": "ALC"}[metric]


def _best(found: dict[str, Values], keys: Sequence[str], kept: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Positions of the best mean of each data set and column, the ceiling apart."""
    best = []
    for column, key in enumerate(keys):
        for dataset in dict.fromkeys(dataset for dataset, _ in kept):
            means = {
                row: float(np.mean(found[key][one]))
                for row, one in enumerate(kept)
                if one[0] == dataset and one[1] != "supervised" and one in found[key]
            }
            if means:
                top = max(means.values())
                best += [(row, column) for row, mean in means.items() if mean == top]
    return best


def _frame(
    rows: list[list[str]],
    index: list[tuple[str, str]],
    columns: list[str],
    names: Sequence[str] = ("data set", "method"),
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, index=pd.MultiIndex.from_tuples(index, names=list(names)), columns=columns)


def _save(
    results: Results,
    name: str,
    rows: list[list[str]],
    index: list[tuple[str, str]],
    columns: list[str],
    names: Sequence[str] = ("data set", "method"),
) -> None:
    if rows:
        results.save_table(name, _frame(rows, index, columns, names))
