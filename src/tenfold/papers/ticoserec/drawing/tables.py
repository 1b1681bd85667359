"""Tables 1 to 3: data, the empirical study, and the overall comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.files import read_json
from tenfold.results import Results
from tenfold.tables import comparison_table, mean_and_spread

if TYPE_CHECKING:
    import pandas as pd

COMPARED = ["hr@5", "ndcg@5", "hr@10", "ndcg@10", "hr@20", "ndcg@20"]
HALVES_MODELS = {"halves-cooccurrence": "co-occurrence", "halves-sasrec": "SASRec"}
CUTS = {
    "by users": ("uniform-users", "random", "nonuniform-users"),
    "by interactions": ("uniform-interactions", "random", "nonuniform-interactions"),
    "within each length": ("uniform-matched", "random", "nonuniform-matched"),
}
"""How users are cut -> splits of the uniform half, the control and the non-uniform half."""

HALF_TITLES = ("uniform", "random", "non-uniform")


def data_table(results: Results) -> pd.DataFrame:
    """T1: counts of every data set, and those of the published files."""
    import pandas as pd

    names = {
        "users": ("users", ",.0f"),
        "items": ("items", ",.0f"),
        "by interactions": ("interactions", ",.0f"),
        "mean_length": ("mean length", ".2f"),
        "density_percent": ("density, %", ".4f"),
        "zero_intervals_percent": ("intervals of 0, %", ".1f"),
        "zero_variance_users_percent": ("users with variance 0, %", ".1f"),
    }
    rows, labels = [], []
    manifests = {run.dataset: read_json(run.prepared / "manifest.json") for run in results.runs()}
    for dataset in results.known("datasets", None, manifests):
        for part, key in (("measured", "statistics"), ("published files", "reported_statistics")):
            counts = manifests[dataset][key]
            if counts:
                rows.append([format(counts[name], spec) if name in counts else "" for name, (_, spec) in names.items()])
                labels.append((results.label(dataset), part))
    index = pd.MultiIndex.from_tuples(labels, names=["data set", ""])
    return pd.DataFrame(rows, index=index, columns=[title for title, _ in names.values()])


def halves_table(results: Results) -> pd.DataFrame | None:
    """T2: the empirical study; None where it was not run."""
    import pandas as pd

    metrics = ["hr@10", "ndcg@10", "same-day"]
    rows, labels = [], []
    for dataset in results.known("datasets", None, results.metrics["dataset"]):
        for method, model in HALVES_MODELS.items():
            values = _values(results, dataset, method)
            for cut, splits in CUTS.items():
                if any((splits[0], metric) in values for metric in metrics):
                    rows.append(
                        [
                            mean_and_spread(values.get((split, metric), []), results.paper.metrics[metric].format)
                            for metric in metrics
                            for split in splits
                        ]
                    )
                    labels.append((results.label(dataset), f"{model}, cut {cut}"))
    if not rows:
        return None
    columns = pd.MultiIndex.from_product([["HR@10", "NDCG@10", "same day"], HALF_TITLES])
    index = pd.MultiIndex.from_tuples(labels, names=["data set", "model and cut"])
    return pd.DataFrame(rows, index=index, columns=columns)


def _values(results: Results, dataset: str, method: str) -> dict[tuple[str, str], list[float]]:
    """(split, metric) -> values over seeds."""
    frame = results.metrics
    own = frame[(frame["dataset"] == dataset) & (frame["method"] == method)]
    values: dict[tuple[str, str], list[float]] = {}
    for split, metric, value in zip(own["split"], own["metric"], own["value"], strict=True):
        values.setdefault((split, metric), []).append(value)
    return values


def comparison(results: Results) -> pd.DataFrame | None:
    """T3: all recommenders, with the gain over CoSeRec; None where none was tested."""
    compared = [name for name, method in results.paper.methods.items() if method.role in ("method", "baseline")]
    tested = results.metrics[results.metrics["split"] == "test"]
    methods = results.known("methods", None, set(tested["method"]) & set(compared))
    datasets = results.known("datasets", None, tested[tested["method"].isin(methods)]["dataset"])
    if not methods:
        return None
    table = comparison_table(results, COMPARED, methods, datasets)
    gains = _gains(results, tested, datasets, methods)
    best = table.attrs["best"]
    table["", "NDCG@20 over CoSeRec"] = [gains.get(label, "") for label in table.index]
    table.attrs["best"] = best
    return table


def _gains(
    results: Results, tested: pd.DataFrame, datasets: list[str], methods: list[str]
) -> dict[tuple[str, str], str]:
    """(label of the data set, title of the method) -> relative gain of mean NDCG@20 over CoSeRec."""
    means = tested[tested["metric"] == "ndcg@20"].groupby(["dataset", "method"])["value"].mean()
    return {
        (results.label(dataset), results.method_title(method)): f"{means[dataset, method] / base - 1:+.1%}"
        for dataset in datasets
        if (base := means.get((dataset, "coserec"), 0.0))
        for method in methods
        if method != "coserec" and (dataset, method) in means
    }
