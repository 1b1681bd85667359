"""Figures 6, 7 and 9: fewer links, cost, learning curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.meaformer.drawing.recorded import epoch_seconds, is_single, panel_title
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.artist import Artist

SHARES = "-shares"
LEARNING = ("meaformer", "mclea", "eva", "msnea", "gcn-align", "kg-level")


def low_resource(results: Results) -> None:
    """Figure 6: H@1 and MRR over the share of links."""
    table = results.metrics
    chosen = table[table["method"].str.endswith(SHARES) & table["metric"].isin(["hits1_both", "mrr_both"])].copy()
    if chosen.empty:
        return
    chosen["share"] = chosen["split"].str.rstrip("%").astype(float)
    dataset = results.known("datasets", None, chosen["dataset"])[0]
    chosen = chosen[chosen["dataset"] == dataset]
    order = results.known("methods", None, chosen["method"])
    chosen = chosen.sort_values("method", key=lambda column: column.map(order.index))
    drawn, axes = plotting.figure("full", ncols=2, height=2.5)
    titles = {name: results.method_title(name.removesuffix(SHARES)) for name in order}
    styles = {name: results.styles[name.removesuffix(SHARES)] for name in order}
    for ax, metric, title in zip(axes, ("hits1_both", "mrr_both"), ("H@1", "MRR"), strict=True):
        rows = chosen[chosen["metric"] == metric]
        plotting.learning_curve(ax, rows, value="value", step="share", styles=styles, titles=titles)
        ax.set(xscale="log", yscale="linear", xlabel="links to learn from (% of all)", ylabel=title)
        shares = sorted(rows["share"].unique())
        ax.set_xticks(shares, [f"{share:g}" for share in shares])
        ax.xaxis.set_tick_params(which="minor", bottom=False, labelbottom=False)
    axes[0].set_title(results.label(dataset))
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(order))
    results.save_figure("f6-low-resource", drawn, [dataset])


def efficiency(results: Results) -> None:
    """Figure 7: H@1 over parameters and over time, on the data set with the most methods."""
    parameters, accuracy = results.values("parameters", "model"), results.values("hits1_both", "last")
    runs = [run for run in results.runs() if is_single(run) and results.paper.methods[run.method].role != "study"]
    if not runs:
        return
    counts = {dataset: sum(run.dataset == dataset for run in runs) for dataset in {run.dataset for run in runs}}
    dataset = max(sorted(counts), key=lambda name: counts[name])
    shown = [run for run in runs if run.dataset == dataset]
    drawn, axes = plotting.figure("full", ncols=2, height=3.2, sharey=True)
    for run in shown:
        look, key = results.styles[run.method], (dataset, run.method)
        height = float(np.mean(list(accuracy[key].values())))
        for ax, width in zip(
            axes, (next(iter(parameters[key].values())) / 1e6, 1000 * epoch_seconds(run)), strict=True
        ):
            ax.plot([width], [height], **look.points, label=results.method_title(run.method))
    axes[0].set(xlabel="parameters (millions)", ylabel="H@1, mean of both directions", title=results.label(dataset))
    axes[1].set(xlabel="CPU milliseconds of an epoch")
    handles, labels = axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    results.save_figure("f7-efficiency", drawn, [dataset])


def learning(results: Results) -> None:
    """Figure 9: H@1 on the test links at the epochs that were evaluated, a panel for each data set."""
    import pandas as pd

    rows = [
        {"dataset": run.dataset, "method": run.method, "step": row["step"], "seed": row["seed"], "h": row["test_hits1"]}
        for run in results.runs()
        if run.method in LEARNING
        for row in run.history
        if "test_hits1" in row
    ]
    if not rows:
        return
    frame = pd.DataFrame(rows)
    datasets = results.known("datasets", None, frame["dataset"])[:3]
    drawn, axes = plotting.figure("full", ncols=len(datasets), height=2.6)
    panels = axes if len(datasets) > 1 else [axes]
    for ax, dataset in zip(panels, datasets, strict=True):
        own = frame[frame["dataset"] == dataset]
        plotting.learning_curve(ax, own, value="h", styles=results.styles, titles=results.method_titles)
        ax.set(xlabel="epoch", ylabel="H@1" if ax is panels[0] else "", yscale="linear")
        ax.set_title(panel_title(results, dataset, len(datasets)), fontsize=7)
        ax.xaxis.get_major_locator().set_params(integer=True)
    handles: dict[str, Artist] = {}
    for ax in panels:
        handles |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    drawn.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=len(handles))
    results.save_figure("f9-learning", drawn, datasets)
