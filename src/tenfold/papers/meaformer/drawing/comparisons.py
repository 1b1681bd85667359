"""Ablation and noise: differences to MEAformer (T5, T7, figure 5)."""

from __future__ import annotations

from tenfold import plotting
from tenfold.papers.meaformer.drawing.recorded import (
    NOISY,
    Values,
    datasets_of,
    methods_with,
    paired,
    panel_title,
)
from tenfold.results import Results
from tenfold.statistics import Interval, interval_of_pairs
from tenfold.tables import NOT_MEASURED, mean_and_spread

REFERENCE = "meaformer"
COMPARED = {"hits1_both": "H@1", "mrr_both": "MRR"}
SETTINGS = ("meaformer-slow", "kg-level-slow", "mclea-slow", "eva-long")
"""Methods that differ from the one they are named after by the length of training or the learning rate."""


def _ablations(results: Results) -> list[str]:
    return methods_with(results, ["ablation"])


def _difference(found: Values, dataset: str, method: str) -> tuple[float, Interval | None] | None:
    """Mean difference to MEAformer in points, and its interval over seeds where there are enough."""
    first, second = paired(found, (dataset, method), (dataset, REFERENCE))
    if not len(first):
        return None
    points = 100 * (first - second)
    return float(points.mean()), interval_of_pairs([points])


def ablation_table(results: Results) -> None:
    """T5: value of each ablation and difference to MEAformer."""
    import pandas as pd

    found = {metric: results.values(metric, "last") for metric in COMPARED}
    rows, labels = [], []
    for dataset in datasets_of(results, _ablations(results)):
        for method in [REFERENCE, *_ablations(results)]:
            row = []
            for metric in COMPARED:
                row.append(mean_and_spread(list(found[metric].get((dataset, method), {}).values()), ".3f"))
                difference = None if method == REFERENCE else _difference(found[metric], dataset, method)
                row.append("" if difference is None else _in_words(*difference))
            if row[0] != NOT_MEASURED:
                rows.append(row)
                labels.append((results.label(dataset), results.method_title(method)))
    if rows:
        columns = pd.MultiIndex.from_product([COMPARED.values(), ["value", "difference, points"]])
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "variant"])
        results.save_table("t5-ablation", pd.DataFrame(rows, index=index, columns=columns))


def _in_words(mean: float, interval: Interval | None) -> str:
    text = f"{mean:+.1f}"
    return text if interval is None else f"{text} ({interval.low:+.1f} to {interval.high:+.1f})"


def ablation_bars(results: Results) -> None:
    """Figure 5: the differences in H@1, a panel for each data set with several; a single one is read in the table."""
    found = results.values("hits1_both", "last")
    panels = []
    for dataset in datasets_of(results, _ablations(results)):
        rows = [
            (method, difference)
            for method in _ablations(results)
            if (difference := _difference(found, dataset, method)) is not None
        ]
        if len(rows) > 1:
            panels.append((dataset, rows))
    if not panels:
        return
    longest = max(len(rows) for _, rows in panels)
    wide = len(panels) > 1
    drawn, axes = plotting.figure("full" if wide else "column", ncols=len(panels), height=0.9 + 0.24 * longest)
    for ax, (dataset, rows) in zip(axes if wide else [axes], panels, strict=True):
        plotting.interval_bars(
            ax,
            [results.method_title(method) for method, _ in rows],
            [mean for _, (mean, _) in rows],
            [(mean, mean) if span is None else (span.low, span.high) for _, (mean, span) in rows],
        )
        names_take_room = len(panels) + 1
        ax.set_title(panel_title(results, dataset, names_take_room), fontsize=7)
        ax.set_xlabel("difference in H@1, points")
    results.save_figure("f5-ablation", drawn, [dataset for dataset, _ in panels])


def settings_table(results: Results) -> None:
    """T8: the same methods with other learning rates and lengths."""
    import pandas as pd

    found = {metric: results.values(metric, "last") for metric in COMPARED}
    varied = {name: name.rpartition("-")[0] for name in SETTINGS}
    rows, labels = [], []
    for dataset in datasets_of(results, varied):
        for method in [name for pair in varied.items() for name in reversed(pair)]:
            row = [
                mean_and_spread(list(found[metric].get((dataset, method), {}).values()), ".3f") for metric in COMPARED
            ]
            if row[0] != NOT_MEASURED:
                optimization = results.run(dataset, method).settings["optimization"]
                rows.append([format(optimization["learning_rate"], "g"), str(optimization["epochs"]), *row])
                labels.append((results.label(dataset), results.method_title(method)))
    if rows:
        columns = ["learning rate", "epochs", *COMPARED.values()]
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "method"])
        results.save_table("t8-settings", pd.DataFrame(rows, index=index, columns=columns))


def noise_table(results: Results) -> None:
    """T7: with right pictures and with permuted ones."""
    import pandas as pd

    accuracy = results.values("hits1_both", "last")
    right, wrong = (results.values("weight_vision", split) for split in ("with-picture", "another-picture"))
    rows, labels = [], []
    for dataset in results.known("datasets", None, results.metrics["dataset"]):
        if not dataset.endswith(NOISY):
            continue
        clean = dataset.removesuffix(NOISY)
        for method in results.known("methods", None, [name for one, name in accuracy if one == dataset]):
            noisy = accuracy[dataset, method]
            before, after = paired(accuracy, (clean, method), (dataset, method))
            rows.append(
                [
                    mean_and_spread(list(accuracy.get((clean, method), {}).values()), ".3f"),
                    mean_and_spread(list(noisy.values()), ".3f"),
                    mean_and_spread(list(100 * (before - after)), ".1f"),
                    _weight(right, dataset, method),
                    _weight(wrong, dataset, method),
                ]
            )
            labels.append((results.label(dataset), results.method_title(method)))
    if rows:
        columns = ["H@1, right pictures", "H@1, permuted", "lost, points", "weight, right picture", "weight, another's"]
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "method"])
        results.save_table("t7-noise", pd.DataFrame(rows, index=index, columns=columns))


def _weight(found: Values, dataset: str, method: str) -> str:
    kept = list(found.get((dataset, method), {}).values())
    return mean_and_spread(kept, ".4f") if kept else ""
