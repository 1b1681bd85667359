"""Figures of curves and correlations: thickness, sensitivity, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.r2et.drawing.recorded import FAMILY, VANILLA, cells, runs
from tenfold.papers.r2et.evaluate import spearman
from tenfold.papers.r2et.selection import quality
from tenfold.results import Results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 5
MOST_SINGLE_ROWS = 3
"""Data sets that have a row of their own in the figure of thickness; more share rows."""
CURVES = ("vanilla", "sp", "est-h", "at", "r2et", "r2et-mm", "r2et-mm-no-h", "sp-r2et-mm")
"""Methods of the budget figure; more lines cannot be told apart."""


def heading(results: Results, dataset: str) -> str:
    """Title of a panel; that the data stands in for other data is on a line of its own."""
    title, label = results.dataset_title(dataset), results.label(dataset)
    return title if label == title else f"{title}\n{label.removeprefix(title).strip()}"


def _legend(drawn: Figure, panels: Sequence[Axes], columns: int) -> None:
    """One legend of all that any panel shows, below them."""
    found: dict[str, Artist] = {}
    for ax in panels:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    drawn.legend(list(found.values()), list(found), loc="outside lower center", ncols=columns)


def thickness(results: Results) -> None:
    """F2: thickness against P@k, over models and over samples."""
    found = results.values("thickness"), results.values("precision", "ranking")
    datasets = list(dict.fromkeys(dataset for dataset, _ in cells(results)))
    if not datasets:
        return
    samples = {dataset: blocks[0].predictions for dataset, blocks in runs(results, VANILLA).items()}
    pairs = 1 if len(datasets) <= MOST_SINGLE_ROWS else 2  # of panels in a row
    rows = -(-len(datasets) // pairs)
    drawn, axes = plotting.figure("full", height=2.1 * rows + 0.9, nrows=rows, ncols=2 * pairs)
    for ax in axes[2 * len(datasets) :]:
        ax.set_visible(False)
    generator = np.random.default_rng(0)
    for place, dataset in enumerate(datasets):
        left, right = axes[2 * place], axes[2 * place + 1]
        points = []
        for name, method in cells(results):
            if name != dataset:
                continue
            seeds = sorted(found[0][dataset, method])
            x = [100 * found[0][dataset, method][seed] for seed in seeds]
            y = [100 * found[1][dataset, method][seed] for seed in seeds]
            left.plot(x, y, label=results.method_title(method), markersize=3.5, **results.styles[method].points)
            points += list(zip(x, y, strict=True))
        rho = spearman(*np.array(points).T)
        left.set_title(f"{heading(results, dataset)}\nmodels, rho = {rho:.2f}")
        left.set(xlabel="mean thickness (%)", ylabel="mean P@k, ERAttack (%)")
        if dataset in samples:
            x, y = samples[dataset]["thickness"][0, 0], samples[dataset]["precision/ranking"][-1, 0, 0]
            jitter = generator.uniform(-0.8, 0.8, len(y))
            right.plot(100 * x, 100 * y + jitter, ".", color=results.styles[VANILLA].colour, markersize=2.5, alpha=0.5)
            right.set_title(f"Vanilla\nsamples, rho = {spearman(x, y):.2f}")
        right.set(xlabel="a sample's thickness (%)", ylabel="its P@k (%)")
    _legend(drawn, axes[: 2 * len(datasets) : 2], 5)
    results.save_figure("f2-thickness", drawn, datasets)


def sensitivity(results: Results) -> None:
    """F3: P@k and AUC over lambda_1, a line for each lambda_2."""
    found = runs(results, FAMILY)
    datasets = results.known("datasets", None, found)[:MOST_PANELS]
    if not datasets:
        return
    drawn, axes = plotting.figure("full" if len(datasets) > 1 else "column", height=2.7, ncols=len(datasets))
    for ax, dataset in zip(axes if len(datasets) > 1 else [axes], datasets, strict=True):
        grid = found[dataset][0].settings["candidates"]
        precision = np.concatenate(
            [run.predictions["precision/ranking"][-1].mean(-1, dtype=np.float64) for run in found[dataset]]
        ).mean(0)  # (G,)
        auc = np.mean(
            [
                [quality(scores, labels) for scores in models]
                for run in found[dataset]
                for models, labels in zip(run.predictions["scores"], run.predictions["labels"], strict=True)
            ],
            axis=0,
        )
        gaps, curvatures = (sorted({one[name] for one in grid}) for name in ("gap", "curvature"))
        other = ax.twinx()
        for number, curvature in enumerate(curvatures):
            rows = [
                next(i for i, one in enumerate(grid) if (one["gap"], one["curvature"]) == (g, curvature)) for g in gaps
            ]
            colour = plotting.PALETTE[number]
            ax.plot(range(len(gaps)), 100 * precision[rows], "o-", color=colour, label=rf"$\lambda_2$ = {curvature:g}")
            other.plot(range(len(gaps)), 100 * auc[rows], "s--", color=colour, markersize=2.5, linewidth=0.9)
        ax.set_xticks(range(len(gaps)), [f"{gap:g}" for gap in gaps])
        ax.set(xlabel=r"$\lambda_1$", ylabel="P@k, ERAttack (%), solid", title=heading(results, dataset))
        other.set_ylabel("AUC (%), dashed")
        other.spines["right"].set_visible(True)
        other.grid(visible=False)
        last: Axes = ax
    drawn.legend(*last.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    results.save_figure("f3-sensitivity", drawn, datasets)


def budget(results: Results) -> None:
    """F4: P@k along the ERAttack."""
    import pandas as pd

    rows = []
    chance = {}
    for run in results.runs():
        if run.method not in CURVES:
            continue
        attack = run.settings["attack"]
        each = attack["every"] * attack["step_size"]
        chance[run.dataset] = 100 * float(run.predictions["k"]) / float(run.predictions["features"])
        for row, seed in enumerate(run.seeds):
            curve = run.predictions["precision/ranking"][:, row, 0].mean(-1, dtype=np.float64)
            for step, value in enumerate(curve):
                rows.append((run.dataset, run.method, seed, step * each, 100 * value))
    if not rows:
        return
    frame = pd.DataFrame(rows, columns=["dataset", "method", "seed", "budget", "value"])
    datasets = results.known("datasets", None, frame["dataset"])
    columns = min(3, len(datasets))
    lines = -(-len(datasets) // columns)
    drawn, axes = plotting.figure("full", height=2.2 * lines + 0.8, ncols=columns, nrows=lines)
    panels: list[Axes] = list(axes) if len(datasets) > 1 else [axes]
    order = results.known("methods", None, frame["method"])
    for ax, dataset in zip(panels, datasets, strict=False):
        own = frame[frame["dataset"] == dataset]
        own = own.sort_values("method", key=lambda column: column.map(order.index), kind="stable")
        plotting.learning_curve(
            ax, own, value="value", step="budget", styles=results.styles, titles=results.method_titles
        )
        ax.axhline(chance[dataset], color=plotting.GREY, linewidth=0.8, linestyle=":")
        ax.set(title=heading(results, dataset), xlabel="l2 length of the ERAttack", ylabel="P@k (%)", yscale="linear")
    for ax in panels[len(datasets) :]:
        ax.set_visible(False)
    _legend(drawn, panels, 4)
    results.save_figure("f4-budget", drawn, datasets)
