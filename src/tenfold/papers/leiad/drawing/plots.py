"""Learning curves: LEIAD's parts, its ablations, and all methods (F2, F3, F4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold import plotting
from tenfold.papers.leiad.drawing.recorded import (
    ACTIVE,
    DETECTORS,
    LEIAD,
    datasets,
    interpolated,
    mean_of,
    methods,
    panel_title,
    recorded_curves,
    values,
)
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDES = {"test": "test", "unlabelled": "pool, points without a label"}
DETECTOR_LOOKS = [(colour, dash) for dash in (":", (0, (4, 1.5))) for colour in plotting.PALETTE[3:6]]
ROW_HEIGHT, LEGEND_HEIGHT = 1.9, 0.75


def legend(drawn: Figure, panels: Sequence[Axes], columns: int) -> None:
    """One legend of all that any panel shows, below them."""
    found: dict[str, Artist] = {}
    for ax in panels:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    drawn.legend(list(found.values()), list(found), loc="outside lower center", ncols=columns)


def band(ax: Axes, tables: list[np.ndarray], column: str, look: dict[str, Any], label: str) -> None:
    """Mean over seeds of a curve, and one standard deviation to either side."""
    steps, found = interpolated(tables, column)
    known = np.isfinite(found).all(axis=0)
    if not known.any():
        return
    steps, found = steps[known], found[:, known]
    mean, spread = found.mean(0), found.std(0, ddof=1) if len(found) > 1 else np.zeros(len(steps))
    ax.plot(steps, mean, label=label, linewidth=1.1, **look)
    ax.fill_between(steps, mean - spread, mean + spread, color=look["color"], alpha=0.13, linewidth=0)


def detector_lines(ax: Axes, results: Results, dataset: str, split: str) -> None:
    """A level line for each detector's AP."""
    found = values(results, "ap", split)
    for method in methods(results, dataset, DETECTORS):
        colour, dash = DETECTOR_LOOKS[DETECTORS.index(method)]
        level = mean_of(found, dataset, method)
        ax.axhline(level, color=colour, linewidth=0.8, linestyle=dash, label=results.method_title(method))


def grid(names: Sequence[str], columns: int) -> tuple[Figure, list[list[Axes]]]:
    """A figure with a row of panels for each data set."""
    height = ROW_HEIGHT * len(names) + LEGEND_HEIGHT
    drawn, axes = plotting.figure("full", height=height, nrows=len(names), ncols=columns)
    flat = list(axes) if isinstance(axes, list) else [axes]
    return drawn, [flat[row * columns : (row + 1) * columns] for row in range(len(names))]


def parts(results: Results) -> None:
    """F2: end model, label model and gold-only model over interactions, and the detectors."""
    names = [name for name in datasets(results) if recorded_curves(results, name, LEIAD)]
    if not names:
        return
    drawn, rows = grid(names, 2)
    colours = plotting.PALETTE
    for dataset, panels in zip(names, rows, strict=True):
        for ax, (split, title) in zip(panels, SIDES.items(), strict=True):
            tables, gold = (recorded_curves(results, dataset, method) for method in (LEIAD, "gold-only"))
            band(ax, tables, f"{split}_ap", {"color": colours[0]}, "end model")
            if gold:
                band(ax, gold, f"{split}_ap", {"color": colours[1]}, "user labels only")
            if split == "unlabelled":
                band(ax, tables, "label_ap", {"color": colours[2]}, "label model")
            detector_lines(ax, results, dataset, split)
            ax.set(title=f"{panel_title(results, dataset)}: {title}", ylabel="AP", ylim=(0, None))
    for ax in rows[-1]:
        ax.set_xlabel("interactions (shown windows)")
    legend(drawn, [ax for row in rows for ax in row], 5)
    results.save_figure("f2-parts", drawn, names)


ABLATED = (LEIAD, "leiad-random-query", "leiad-no-lf-generator", "leiad-published-lf")


def ablations(results: Results) -> None:
    """F3: end model and label model without active learning and without the generator."""
    names = [name for name in datasets(results) if len(methods(results, name, ABLATED)) > 1]
    if not names:
        return
    drawn, rows = grid(names, 3)
    columns = {"test_ap": "end model, test", "unlabelled_ap": "end model, pool", "label_ap": "label model, pool"}
    for dataset, panels in zip(names, rows, strict=True):
        for ax, (column, title) in zip(panels, columns.items(), strict=True):
            for method in methods(results, dataset, ABLATED):
                number = ABLATED.index(method)
                look = {"color": plotting.PALETTE[number], "linestyle": "-" if number < 3 else (0, (3, 1.5))}
                band(ax, recorded_curves(results, dataset, method), column, look, results.method_title(method))
            ax.set(title=f"{panel_title(results, dataset)}:\n{title}", ylabel="AP", ylim=(0, None))
    for ax in rows[-1]:
        ax.set_xlabel("interactions")
    legend(drawn, [ax for row in rows for ax in row], 4)
    results.save_figure("f3-ablations", drawn, names)


COMPARED = (LEIAD, *ACTIVE, "gold-only", "ws-snorkel", "ws-majority", "ws-flyingsquid")


def everything(results: Results) -> None:
    """F4: all methods that learn, mean and standard deviation over seeds, with the ceiling."""
    names = [name for name in datasets(results) if recorded_curves(results, name, LEIAD)]
    if not names:
        return
    drawn, rows = grid(names, 2)
    ceiling = values(results, "ap")
    for dataset, panels in zip(names, rows, strict=True):
        for ax, (split, title) in zip(panels, SIDES.items(), strict=True):
            for number, method in enumerate(COMPARED):
                if tables := recorded_curves(results, dataset, method):
                    colour = plotting.PALETTE[number % len(plotting.PALETTE)] if number < 8 else plotting.GREY
                    dash = "-" if method.startswith(("leiad", "al")) else (0, (3, 1.2))
                    look = {"color": colour, "linestyle": dash}
                    band(ax, tables, f"{split}_ap", look, results.method_title(method))
            if split == "test" and (dataset, "supervised") in ceiling:
                level = mean_of(ceiling, dataset, "supervised")
                ax.axhline(level, color="black", linewidth=0.8, linestyle=":", label="Fully supervised")
            ax.set(title=f"{panel_title(results, dataset)}: {title}", ylabel="AP", ylim=(0, None))
    for ax in rows[-1]:
        ax.set_xlabel("interactions (shown windows)")
    legend(drawn, [ax for row in rows for ax in row], 5)
    results.save_figure("f4-all", drawn, names)
