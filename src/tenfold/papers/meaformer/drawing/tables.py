"""Tables T1 to T4 and T6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.files import read_json
from tenfold.papers.meaformer.drawing.recorded import FREEBASE, epoch_seconds, is_single, methods_with
from tenfold.results import Results
from tenfold.tables import NOT_MEASURED, comparison_table, mean_and_spread

if TYPE_CHECKING:
    import pandas as pd

COUNTS = {
    "entities": "entities",
    "relations": "relations",
    "triples": "triples",
    "attribute_types": "attribute types",
    "pictures": "pictures",
}
METRICS = ["hits1", "hits10", "mrr"]


def data_table(results: Results) -> None:
    """T1: counts of both graphs."""
    import pandas as pd

    manifests = {run.dataset: read_json(run.prepared / "manifest.json") for run in results.runs()}
    rows, labels = [], []
    for dataset in results.known("datasets", None, manifests):
        for part, key in (("measured", "statistics"), ("reported", "reported_statistics")):
            if counts := manifests[dataset][key]:
                row = [" / ".join(_count(counts, f"{name}_{side}") for side in (1, 2)) for name in COUNTS]
                rows.append([*row, _count(counts, "links")])
                labels.append((results.label(dataset), part))
    if rows:
        index = pd.MultiIndex.from_tuples(labels, names=["data set", ""])
        results.save_table("t1-data", pd.DataFrame(rows, index=index, columns=[*COUNTS.values(), "links"]))


def _count(counts: dict[str, float], name: str) -> str:
    return format(counts[name], ",.0f") if name in counts else "-"


def result_tables(results: Results) -> None:
    """T2 and T3: ranks at the last, the chosen and the best epoch, beside what is reported."""
    measured = results.metrics
    datasets = results.known("datasets", None, measured[measured["split"] == "last"]["dataset"])
    for name, chosen in (
        ("t2-results", [dataset for dataset in datasets if not dataset.startswith(FREEBASE)]),
        ("t3-freebase", [dataset for dataset in datasets if dataset.startswith(FREEBASE)]),
    ):
        if chosen:
            results.save_table(name, _results(results, chosen))


def _results(results: Results, datasets: list[str]) -> pd.DataFrame:
    import pandas as pd

    methods = methods_with(results, ["method", "baseline"])
    last, chosen, best = (
        comparison_table(results, METRICS, methods, datasets, split) for split in ("last", "test", "best-on-test")
    )
    index = best.index
    columns: dict[tuple[str, str], pd.Series] = {}
    for title, frame, wanted in (
        ("last epoch", last, ["H@1", "H@10", "MRR"]),
        ("by validation", chosen, ["H@1"]),
        ("best on test", best, ["H@1", "H@10", "MRR"]),
    ):
        for metric in wanted:
            columns[title, metric] = frame[metric, "measured"].reindex(index).fillna(NOT_MEASURED)
    for metric in ("H@1", "H@10", "MRR"):
        columns["reported", metric] = best[metric, "reported"]
    columns["reported", "origin"] = best["", "origin"]
    joined = pd.DataFrame(columns, index=index)
    joined.columns = pd.MultiIndex.from_tuples(list(columns))
    rows = {label: row for row, label in enumerate(index)}
    joined.attrs["best"] = [(rows[last.index[row]], column // 2) for row, column in last.attrs["best"]]
    return joined


def unsupervised_table(results: Results) -> None:
    """T4: pseudo-links, their features alone, and what is learned from them."""
    import pandas as pd

    precision = results.values("seed_precision", "pivot")
    rows, labels = [], []
    for dataset, method in precision:
        row = [mean_and_spread(list(precision[dataset, method].values()), ".3f")]
        for metric, split in (
            ("hits1", "pivot"),
            ("mrr", "pivot"),
            ("hits1", "last"),
            ("hits10", "last"),
            ("mrr", "last"),
        ):
            row.append(mean_and_spread(list(results.values(metric, split)[dataset, method].values()), ".3f"))
        rows.append(row)
        labels.append((results.label(dataset), results.method_title(method)))
    if rows:
        columns = pd.MultiIndex.from_tuples(
            [
                ("pseudo-links", "precision"),
                ("features alone", "H@1"),
                ("features alone", "MRR"),
                ("trained", "H@1"),
                ("trained", "H@10"),
                ("trained", "MRR"),
            ]
        )
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "method"])
        results.save_table("t4-unsupervised", pd.DataFrame(rows, index=index, columns=columns))


def efficiency_table(results: Results) -> None:
    """T6: size, time and memory beside H@1."""
    import pandas as pd

    parameters, accuracy = results.values("parameters", "model"), results.values("hits1_both", "last")
    rows, labels = [], []
    for run in results.runs():
        key = (run.dataset, run.method)
        if not is_single(run) or key not in parameters:
            continue
        rows.append(
            [
                format(next(iter(parameters[key].values())), ",.0f"),
                format(epoch_seconds(run), ".3f"),
                format(run.record["peak_memory_mb"], ",.0f"),
                mean_and_spread(list(accuracy[key].values()), ".3f"),
            ]
        )
        labels.append((results.label(run.dataset), results.method_title(run.method)))
    if rows:
        columns = ["parameters", "CPU s an epoch", "peak memory, MB", "H@1, both directions"]
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "method"])
        results.save_table("t6-efficiency", pd.DataFrame(rows, index=index, columns=columns))
