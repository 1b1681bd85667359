"""Figures and tables, from result files only. What a scale does not run is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold import plotting
from tenfold.files import read_json
from tenfold.results import Results
from tenfold.tables import comparison_table, mean_and_spread

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COMPARED = ["hr@5", "ndcg@5", "hr@10", "ndcg@10", "hr@20", "ndcg@20"]
POSITION_METHODS = ["ticoserec", "ticoserec-random", "ticoserec-opposite"]
HALVES_MODELS = {"halves-cooccurrence": "co-occurrence", "halves-sasrec": "SASRec"}
CUTS = {
    "by users": ("uniform-users", "random", "nonuniform-users"),
    "by interactions": ("uniform-interactions", "random", "nonuniform-interactions"),
    "within each length": ("uniform-matched", "random", "nonuniform-matched"),
}
"""How users are cut -> splits of the uniform half, the control and the non-uniform half."""

HALF_TITLES = ("uniform", "random", "non-uniform")
POSITIONS = ("smallest", "random", "largest")
OPERATORS = {"crop": "crop\n(variance)", "insert": "insert\n(gap)", "mask": "mask\n(gap)"}
MOST_PANELS = 3


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    _data_table(results)
    _halves_table(results)
    _comparison(results)
    _positions(results)
    _view_uniformity(results)


def _data_table(results: Results) -> None:
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
    results.save_table("t1-data", pd.DataFrame(rows, index=index, columns=[title for title, _ in names.values()]))


def _halves_table(results: Results) -> None:
    """T2: the empirical study."""
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
    if rows:
        titles = ["HR@10", "NDCG@10", "same day"]
        columns = pd.MultiIndex.from_product([titles, HALF_TITLES])
        index = pd.MultiIndex.from_tuples(labels, names=["data set", "model and cut"])
        results.save_table("t2-halves", pd.DataFrame(rows, index=index, columns=columns))


def _values(results: Results, dataset: str, method: str) -> dict[tuple[str, str], list[float]]:
    """(split, metric) -> values over seeds."""
    frame = results.metrics
    own = frame[(frame["dataset"] == dataset) & (frame["method"] == method)]
    values: dict[tuple[str, str], list[float]] = {}
    for split, metric, value in zip(own["split"], own["metric"], own["value"], strict=True):
        values.setdefault((split, metric), []).append(value)
    return values


def _comparison(results: Results) -> None:
    """T3: all recommenders, with the gain over CoSeRec."""
    compared = [name for name, method in results.paper.methods.items() if method.role in ("method", "baseline")]
    tested = results.metrics[results.metrics["split"] == "test"]
    methods = results.known("methods", None, set(tested["method"]) & set(compared))
    datasets = results.known("datasets", None, tested[tested["method"].isin(methods)]["dataset"])
    if methods:
        table = comparison_table(results, COMPARED, methods, datasets)
        gains = _gains(results, tested, datasets, methods)
        best = table.attrs["best"]
        table["", "NDCG@20 over CoSeRec"] = [gains.get(label, "") for label in table.index]
        table.attrs["best"] = best
        results.save_table("t3-comparison", table)


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


def _positions(results: Results) -> None:
    """T4: the paper's, random and opposite positions."""
    tested = results.metrics[results.metrics["split"] == "test"]
    shown = tested[tested["method"].isin(POSITION_METHODS)]
    methods = results.known("methods", None, shown["method"])
    if len(methods) > 1:
        datasets = results.known("datasets", None, shown["dataset"])
        results.save_table("t4-positions", comparison_table(results, COMPARED, methods, datasets))


def _view_uniformity(results: Results) -> None:
    """F5: interval deviations of views, one panel a data set."""
    with_views = [run.dataset for run in results.runs() if run.method == "views"]
    datasets = results.known("datasets", None, with_views)[:MOST_PANELS]
    if not datasets:
        return
    with plotting.style():
        figure, axes = plotting.figure("full", height=2.6, ncols=len(datasets), sharey=False)
        panels = axes if isinstance(axes, list) else [axes]
        for panel, dataset in zip(panels, datasets, strict=True):
            _view_panel(panel, results, dataset)
        panels[0].set_ylabel("interval std of a view (days)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, title="where the operator acts")
    results.save_figure("f5-view-uniformity", figure, datasets)


def _view_panel(panel: Axes, results: Results, dataset: str) -> None:
    """Boxes from the lower to the upper quartile by operator and position, on a scale that keeps zero."""
    import numpy as np

    run = results.run(dataset, "views")
    seed = run.seeds[0]
    plain = run.predictions[f"{seed}/plain/interval-std"]
    for number, position in enumerate(POSITIONS):
        boxes = [run.predictions[f"{seed}/{operator}-{position}/interval-std"] for operator in OPERATORS]
        panel.boxplot(
            boxes,
            positions=np.arange(len(OPERATORS)) + 0.27 * (number - 1),
            widths=0.22,
            showfliers=False,
            patch_artist=True,
            medianprops={"color": "black", "linewidth": 1.0},
            boxprops={"facecolor": plotting.PALETTE[number], "alpha": 0.75, "linewidth": 0.5},
            whiskerprops={"linewidth": 0.6},
            capprops={"linewidth": 0.6},
            whis=(5, 95),
            manage_ticks=False,
        )
        panel.plot([], [], marker="s", linestyle="none", color=plotting.PALETTE[number], label=position)
    panel.axhline(
        float(np.median(plain)), color=plotting.GREY, linewidth=0.9, linestyle="--", label="plain sequence (median)"
    )
    panel.set_yscale("symlog", linthresh=1.0)
    panel.set_ylim(bottom=0)
    panel.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    panel.minorticks_off()
    panel.grid(visible=False, axis="x")
    panel.set_xticks(range(len(OPERATORS)), list(OPERATORS.values()))
    panel.set_title(results.label(dataset))
