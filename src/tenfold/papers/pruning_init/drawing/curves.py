"""Figures of the simulation and of the images: errors and accuracies by the share of weights pruned."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.pruning_init.drawing.grids import Grid
from tenfold.papers.pruning_init.drawing.phases import plain_ticks
from tenfold.results import Results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEST, TRAIN = plotting.PALETTE[0], plotting.PALETTE[1]
MOST_PANELS = 4


def error_by_fraction(grid: Grid) -> Figure:
    """Test and training error of the simulation, a panel for each noise level."""
    figure, axes = plotting.figure("full", ncols=len(grid.noise), height=2.3, sharey=True)
    axes = axes if isinstance(axes, list) else [axes]
    for level, ax in enumerate(axes):
        for values, colour, label in ((grid.error, TEST, "test"), (grid.arrays["train-error"], TRAIN, "training")):
            shown = values[:, :, level]
            spread = shown.std(axis=0, ddof=1) if len(shown) > 1 else None
            ax.errorbar(
                grid.keep,
                shown.mean(axis=0),
                spread,
                color=colour,
                label=label,
                marker="o",
                capsize=1.5,
                elinewidth=0.7,
            )
        ax.set_title(rf"noise $\sigma_n$ = {grid.noise[level]:g}")
        ax.axhline(grid.chance, color=plotting.GREY, linewidth=0.7, linestyle=":")
        ax.set(xscale="log", xlabel="share of weights pruned")
        ax.invert_xaxis()
        chosen = [keep for keep in grid.keep if round(float(keep), 3) in (1, 0.7, 0.5, 0.3, 0.1, 0.05, 0.03, 0.01)]
        ax.set_xticks(chosen, [f"{1 - keep:.0%}" for keep in chosen], rotation=45)
        ax.set_xticks([], minor=True)
    axes[0].set_ylabel("error")
    axes[0].set_ylim(bottom=-0.02)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def error_by_iteration(grid: Grid) -> Figure:
    """Test error of the simulation while it trains, dense and half pruned."""
    figure, axes = plotting.figure("full", ncols=len(grid.noise), height=2.2, sharey=True)
    axes = axes if isinstance(axes, list) else [axes]
    steps = grid.arrays["curve/step"]
    for level, ax in enumerate(axes):
        for keep, colour, label in ((1.0, TRAIN, "dense"), (0.5, TEST, "half pruned")):
            column, _ = grid.nearest(1.0, keep)
            curves = grid.arrays["curve/test-error"][:, column, level]
            ax.plot(steps, curves.mean(axis=0), color=colour, label=label)
            ax.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        ax.set_title(rf"noise $\sigma_n$ = {grid.noise[level]:g}")
        ax.set_xlabel("step of gradient descent")
    axes[0].set_ylabel("test error")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def image_panels(results: Results) -> tuple[Figure, list[str]] | None:
    """Test accuracy by keep rate, a panel for each image data set, a line for each method; and the data sets shown."""
    rows = results.metrics[results.metrics["metric"] == "test-accuracy"].copy()
    datasets = results.known("datasets", None, rows["dataset"])[:MOST_PANELS]
    if not datasets:
        return None
    rows["keep"] = rows["split"].str.removeprefix("keep ").astype(float)
    figure, axes = plotting.figure("full", ncols=len(datasets), height=2.9)
    axes = axes if isinstance(axes, list) else [axes]
    for ax, dataset in zip(axes, datasets, strict=True):
        _accuracy_lines(ax, results, rows[rows["dataset"] == dataset])
        ax.set_title(textwrap.fill(results.label(dataset), 88 // len(datasets), break_on_hyphens=False), fontsize=7)
    axes[0].set_ylabel("test accuracy")
    handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=min(len(handles), 4))
    return figure, datasets


def _accuracy_lines(ax: Axes, results: Results, rows: pd.DataFrame) -> None:
    for method, own in rows.groupby("method", sort=False):
        summary = own.groupby("keep")["value"].agg(["mean", "std"]).sort_index(ascending=False)
        look = results.styles[str(method)]
        ax.errorbar(
            summary.index, summary["mean"], summary["std"].fillna(0), label=results.method_title(str(method)),
            capsize=1.5, elinewidth=0.7, marker=look.marker, **look.line,
        )  # fmt: skip
    keep = np.sort(rows["keep"].unique())[::-1]
    ax.set(xscale="log", xlabel="share of weights kept")
    ax.invert_xaxis()
    plain_ticks(ax, "x", keep, most=6)
