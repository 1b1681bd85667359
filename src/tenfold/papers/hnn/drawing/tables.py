"""Tables T1 to T5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.files import read_json
from tenfold.papers.hnn.gains import absolute_gain, overall, relative_gain
from tenfold.results import Results
from tenfold.statistics import interval_of_pairs
from tenfold.tables import NOT_MEASURED, comparison_table, mean_and_spread

if TYPE_CHECKING:
    import pandas as pd

COUNTS = {
    "nodes": ("nodes", ",.0f"),
    "hyperedges": ("hyperedges", ",.0f"),
    "incidences": ("incidences", ",.0f"),
    "mean_size": ("mean size", ".2f"),
    "largest": ("largest", ",.0f"),
    "uncovered_nodes": ("nodes in none", ",.0f"),
    "duplicates": ("duplicates", ",.0f"),
    "kept_nodes": ("kept nodes", ",.0f"),
    "kept_hyperedges": ("kept hyperedges", ",.0f"),
    "kept_incidences": ("kept incidences", ",.0f"),
    "features": ("features", ",.0f"),
    "classes": ("classes", ".0f"),
}
BASELINES = ("mlp", "mlp-hlr", "gcn-clique", "hgnn", "hypergcn", "hypergcn-fast")
"""Those of claims C1 and C2."""
PENALISED = "mlp-hlr"
"""Its penalty draws embeddings together, the score reads how far they spread: a gain over it says little."""
TASKS = {
    ("auc", "uniform"): ("hyperedge prediction, AUC", "7.72 % (relative or in points: unknown)"),
    ("auc", "half-corrupted"): ("hyperedge prediction, AUC, half-corrupted negatives", ""),
    ("accuracy", "nodes"): ("node classification, accuracy", "11.37 % (relative or in points: unknown)"),
}
"""Metric and split -> what it is called, and what the abstract reports."""
COMPARED_ROLES = ("method", "baseline", "ablation")


def data_table(results: Results) -> None:
    """T1: counts of every data set, and those of the published files."""
    import pandas as pd

    manifests = {run.dataset: read_json(run.prepared / "manifest.json") for run in results.runs()}
    rows, labels = [], []
    for dataset in results.known("datasets", None, manifests):
        for part, key in (("measured", "statistics"), ("published files", "reported_statistics")):
            if counts := manifests[dataset][key]:
                rows.append(
                    [format(counts[name], spec) if name in counts else "" for name, (_, spec) in COUNTS.items()]
                )
                labels.append((results.label(dataset), part))
    index = pd.MultiIndex.from_tuples(labels, names=["data set", ""])
    results.save_table("t1-data", pd.DataFrame(rows, index=index, columns=[title for title, _ in COUNTS.values()]))


def hyperedge_table(results: Results) -> None:
    """T2: AUC and average precision by kind of negatives."""
    import pandas as pd

    parts = []
    for split in ("uniform", "half-corrupted"):
        frame = _compared(results, ["auc", "ap"], split)
        if frame is not None:
            frame.columns = pd.MultiIndex.from_tuples([(split.replace("-", " "), title) for title in frame.columns])
            parts.append(frame)
    if parts:
        joined = parts[0] if len(parts) == 1 else parts[0].join(parts[1]).fillna("")
        joined.attrs["best"] = [
            (row, column)
            for start, frame in zip(np.cumsum([0, *(part.shape[1] for part in parts)]), parts, strict=False)
            for place, column in frame.attrs["best"]
            for row in [joined.index.get_loc(frame.index[place])]
            for column in [column + int(start)]
        ]
        results.save_table("t2-hyperedges", joined)


def node_table(results: Results) -> None:
    """T3: accuracy of node classification."""
    frame = _compared(results, ["accuracy"], "nodes")
    if frame is not None:
        results.save_table("t3-nodes", frame)


def _compared(results: Results, metrics: list[str], split: str) -> pd.DataFrame | None:
    """Measured values of all methods but studies; None where nothing was measured."""
    table = results.metrics
    table = table[(table["split"] == split) & table["metric"].isin(metrics)]
    methods = [
        m for m in results.known("methods", None, table["method"]) if results.paper.methods[m].role in COMPARED_ROLES
    ]
    if not methods:
        return None
    frame = comparison_table(results, metrics, methods, results.known("datasets", None, table["dataset"]), split)
    best = [(row, column // 2) for row, column in frame.attrs["best"]]
    frame = frame.loc[:, [column for column in frame.columns if column[1] == "measured"]]
    frame.columns = [column[0] for column in frame.columns]
    frame.attrs["best"] = best
    return frame


def _paired(found: dict, dataset: str, method: str, other: str) -> tuple[np.ndarray, np.ndarray]:
    first, second = found.get((dataset, method), {}), found.get((dataset, other), {})
    seeds = sorted(set(first) & set(second))
    return np.array([first[seed] for seed in seeds]), np.array([second[seed] for seed in seeds])


def gains_table(results: Results) -> None:
    """T4: gains of HNN over each baseline, over all, and over the best of each data set."""
    import pandas as pd

    rows, labels = [], []
    for (metric, split), (title, reported) in TASKS.items():
        found = results.values(metric, split)
        datasets = [
            dataset
            for dataset in results.known("datasets", None, {name for name, _ in found})
            if all((dataset, method) in found for method in ("hnn", *BASELINES))
        ]
        if not datasets:
            continue
        best = {d: max(BASELINES, key=lambda m: np.mean(list(found[d, m].values()))) for d in datasets}
        groups: dict[str, dict[str, tuple[str, ...]]] = {
            "all baselines": dict.fromkeys(datasets, BASELINES),
            "all but MLP + HLR": dict.fromkeys(datasets, tuple(m for m in BASELINES if m != PENALISED)),
            "best baseline of each data set": {d: (best[d],) for d in datasets},
            **{f"{results.method_title(m)}": dict.fromkeys(datasets, (m,)) for m in BASELINES},
        }
        groups |= {f"all baselines, {results.dataset_title(d)} alone": {d: BASELINES} for d in datasets}
        for name, members in groups.items():
            row = []
            for gain in (relative_gain, absolute_gain):
                parts = [{m: gain(*_paired(found, d, "hnn", m)) for m in chosen} for d, chosen in members.items()]
                mean, interval = overall(parts)
                row.append(f"{mean:+.1f}")
                row.append("" if interval is None else f"{interval.low:+.1f} to {interval.high:+.1f}")
            rows.append([*row, reported if name == "all baselines" else ""])
            labels.append((f"{title} ({len(datasets)} data sets)", name))
    if rows:
        columns = pd.MultiIndex.from_tuples(
            [
                ("relative, %", "mean"),
                ("relative, %", "interval"),
                ("points", "mean"),
                ("points", "interval"),
                ("", "abstract"),
            ]
        )
        index = pd.MultiIndex.from_tuples(labels, names=["task", "gain over"])
        results.save_table("t4-gains", pd.DataFrame(rows, index=index, columns=columns))


def variants_table(results: Results) -> None:
    """T5: each variant against HNN on each data set."""
    import pandas as pd

    rows, labels = [], []
    tasks = {
        ("auc", "uniform"): "AUC",
        ("auc", "half-corrupted"): "AUC, half-corrupted",
        ("accuracy", "nodes"): "accuracy",
    }
    found = {key: results.values(*key) for key in tasks}
    variants = [name for name, method in results.paper.methods.items() if method.role == "ablation"]
    for dataset in results.known("datasets", None, {d for one in found.values() for d, m in one if m in variants}):
        for variant in variants:
            row = [_against_hnn(found[key], dataset, variant) for key in tasks]
            if any(cell != (NOT_MEASURED, "") for cell in row):
                rows.append([part for cell in row for part in cell])
                labels.append((results.label(dataset), results.method_title(variant)))
    if rows:
        columns = pd.MultiIndex.from_product([tasks.values(), ["value", "difference, points"]])
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "variant"])
        results.save_table("t5-variants", pd.DataFrame(rows, index=index, columns=columns))


def sensitivity_table(results: Results) -> None:
    """T6: the same methods under another protocol."""
    import pandas as pd

    found = results.values("auc", "uniform")
    protocols = {
        "": "masked, dropout 0.5",
        "-unmasked": "unmasked",
        "-no-dropout": "no dropout",
        "-decay-all": "all weights decay",
    }
    rows, labels = [], []
    for dataset in results.known("datasets", None, {name for name, _ in found}):
        for method in ("hnn", "hgnn", "gcn-clique"):
            cells = [list(found.get((dataset, method + ending), {}).values()) for ending in protocols]
            if any(cells[1:]):
                rows.append([mean_and_spread(cell, ".3f") for cell in cells])
                labels.append((results.label(dataset), results.method_title(method)))
    if rows:
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "method"])
        results.save_table("t6-sensitivity", pd.DataFrame(rows, index=index, columns=list(protocols.values())))


def _against_hnn(found: dict, dataset: str, variant: str) -> tuple[str, str]:
    first, second = _paired(found, dataset, variant, "hnn")
    if not len(first):
        return NOT_MEASURED, ""
    difference = absolute_gain(first, second)
    interval = interval_of_pairs([difference])
    text = f"{difference.mean():+.1f}"
    return mean_and_spread(
        list(first), ".3f"
    ), text if interval is None else f"{text} ({interval.low:+.1f} to {interval.high:+.1f})"
