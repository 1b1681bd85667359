"""Figures F1 to F4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.errors import ResultError
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

CURVE = "-curve"
MOST_PANELS = 4


def data_efficiency(results: Results) -> None:
    """F1: AUC over the share of training hyperedges."""
    table = results.metrics
    chosen = table[table["method"].str.endswith(CURVE) & (table["metric"] == "auc")].copy()
    if chosen.empty:
        return
    chosen["share"] = chosen["split"].str.rpartition("-")[2].astype(int)
    datasets = results.known("datasets", None, chosen["dataset"])[:MOST_PANELS]
    drawn, axes = plotting.figure("full" if len(datasets) > 1 else "column", ncols=len(datasets), sharey=True)
    panels: list[Axes] = axes if len(datasets) > 1 else [axes]
    titles = {name: results.method_title(name).partition(",")[0] for name in chosen["method"].unique()}
    order = results.known("methods", None, chosen["method"])
    for ax, dataset in zip(panels, datasets, strict=True):
        rows = chosen[chosen["dataset"] == dataset]
        for name in order:
            curve = rows[rows["method"] == name].groupby("share")["value"].agg(["mean", "min", "max"])
            look = results.styles[name.removesuffix(CURVE)]
            ax.plot(curve.index, curve["mean"], label=titles[name], marker=look.marker, markersize=4, **look.line)
            if name == "hnn" + CURVE:  # five bands over one another show nothing
                ax.fill_between(curve.index, curve["min"], curve["max"], color=look.colour, alpha=0.15, linewidth=0)
        ax.axhline(0.5, color=plotting.GREY, linewidth=0.8, linestyle=":")
        ax.set(title=results.label(dataset), xlabel="training hyperedges (% of all)", ylabel="AUC")
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    results.save_figure("f1-data-efficiency", drawn, datasets)


def embeddings(results: Results) -> None:
    """F2: one panel a node, on the first data set that has them."""
    found = _embeddings(results)
    if not found:
        return
    dataset, arrays = next(iter(found.items()))
    shown = arrays["shown_node"]
    drawn, axes = plotting.figure("full", height=2.3, ncols=len(shown))
    sizes = np.bincount(results.run(dataset, "hnn").data["edge"])
    palette = plotting.PALETTE
    seen: dict[int, str] = {}
    for ax, node, own in zip(axes, shown, arrays["shown_embedding"], strict=True):
        here = arrays["pair_node"] == node
        points = arrays["pair_embedding"][here].astype(np.float64)
        centre = points.mean(axis=0)
        _, _, directions = np.linalg.svd(points - centre, full_matrices=False)
        flat = (points - centre) @ directions[:2].T
        size = sizes[arrays["pair_edge"][here]]
        for one in np.unique(np.minimum(size, 5)):
            label = f"{one} nodes" if one < 5 else "5 nodes or more"
            seen[int(one)] = label
            chosen = np.minimum(size, 5) == one
            ax.plot(
                *flat[chosen].T, linestyle="none", marker="o", markersize=2.4, color=palette[int(one) - 1], alpha=0.8
            )
        ax.plot(*((own.astype(np.float64) - centre) @ directions[:2].T), "k+", markersize=9, markeredgewidth=1.4)
        ax.margins(0.12)
        ax.set(title=f"node {node}", xlabel="first component")
    axes[0].set_ylabel("second component")
    handles = [
        axes[0].plot([], [], linestyle="none", marker="o", color=palette[one - 1], label=label)[0]
        for one, label in sorted(seen.items())
    ]
    handles.append(axes[0].plot([], [], "k+", markersize=8, label="$z_i$")[0])
    title = f"{results.label(dataset)}: hyperedges of"
    drawn.legend(handles=handles, loc="outside lower center", ncols=len(handles), title=title)
    results.save_figure("f2-embeddings", drawn, [dataset])


def variance(results: Results) -> None:
    """F3: within-node variance over node degree."""
    found = {name: arrays for name, arrays in _embeddings(results).items() if (arrays["degree"] > 1).any()}
    if not found:
        return
    names = list(found)[:MOST_PANELS]
    drawn, axes = plotting.figure("full" if len(names) > 1 else "column", height=2.5, ncols=len(names))
    for ax, name in zip(axes if len(names) > 1 else [axes], names, strict=True):
        degree, spread = found[name]["degree"], found[name]["variance"]
        several = degree > 1
        degree, spread = degree[several], np.maximum(spread[several], 1e-12)
        ax.plot(degree, spread, linestyle="none", marker=".", markersize=2, color=plotting.GREY, alpha=0.35)
        edges = np.unique(np.round(np.geomspace(2, degree.max() + 1, 9)).astype(int))
        place = np.digitize(degree, edges) - 1
        used = [one for one in range(len(edges)) if (place == one).sum() >= 3]
        middle = [np.median(degree[place == one]) for one in used]
        quartiles = np.array([np.quantile(spread[place == one], [0.25, 0.5, 0.75]) for one in used])
        if used:
            ax.fill_between(middle, quartiles[:, 0], quartiles[:, 2], color=plotting.PALETTE[0], alpha=0.2, linewidth=0)
            ax.plot(middle, quartiles[:, 1], color=plotting.PALETTE[0])
        ax.set(title=results.label(name).replace(" (", "\n("), xlabel="hyperedges of the node", yscale="log")
        ax.set_xscale("log")
        _plain_numbers(ax.xaxis)
    (axes if len(names) > 1 else [axes])[0].set_ylabel("variance of $z_{i|e}$ over e")
    results.save_figure("f3-variance", drawn, names)


def runtime(results: Results) -> None:
    """F4: CPU seconds of an epoch over incidences."""
    rows: dict[str, list[tuple[float, float]]] = {}
    datasets = set()
    for run in results.runs():
        if run.method in ("hnn", "hgnn", "hypergcn", "gcn-clique", "mlp") and "shape" in run.data:
            epochs = len(run.history)
            rows.setdefault(run.method, []).append((len(run.data["node"]), 1000 * run.record["cpu_seconds"] / epochs))
            datasets.add(run.dataset)
    if not rows:
        return
    drawn, ax = plotting.figure("column", height=2.6)
    for method in results.known("methods", None, rows):
        look = results.styles[method]
        points = np.array(sorted(rows[method]))
        ax.plot(
            points[:, 0],
            points[:, 1],
            color=look.colour,
            linestyle="none",  # other nodes, features and tasks: a line between data sets would claim a growth
            marker=look.marker,
            markersize=5,
            label=results.method_title(method),
        )
    ax.set(xlabel="incidences", ylabel="CPU ms per epoch")
    ax.set_xscale("log")
    _plain_numbers(ax.xaxis)
    ax.set_yscale("log")
    _plain_numbers(ax.yaxis)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    results.save_figure("f4-runtime", drawn, sorted(datasets))


def _plain_numbers(axis: Axis) -> None:
    """Plain numbers at 1, 2 and 5 times the powers of ten of a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())


def _embeddings(results: Results) -> dict[str, dict[str, np.ndarray]]:
    """Data set -> the embeddings that HNN kept."""
    found = {}
    for dataset in results.known("datasets", None, results.metrics["dataset"]):
        try:
            predictions = results.run(dataset, "hnn").predictions
        except ResultError:
            continue
        kept = {name.partition("/")[2]: array for name, array in predictions.items() if name.startswith("embeddings/")}
        if kept:
            found[dataset] = kept
    return found
