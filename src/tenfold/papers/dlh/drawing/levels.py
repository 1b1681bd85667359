"""What the levels do (Fig. 3, our version) and what they stand for (Fig. 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.dlh.drawing.recorded import Outcome, first_outcomes
from tenfold.papers.dlh.drawing.strips import strips
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RASTERS = ("dlh", "dlh-n3")
"""Methods whose changes are drawn."""
MEANING = (("dlh", "moving-ball"), ("dlh", "ball-tiny"))
"""(method, data set) of the figure of levels: the first that was run."""
MOST_COLUMNS = 12


def events(results: Results) -> None:
    """Fig. 3: a raster of e over one test video, for each data set."""
    found = first_outcomes(results)
    rows = [
        (f"{results.label(dataset)}: {results.method_title(method)}", one)
        for wanted in RASTERS
        for (dataset, method), one in found.items()
        if method == wanted
    ]
    if not rows:
        return
    drawn, axes = plotting.figure("full", height=1.25 * len(rows) + 0.4, nrows=len(rows))
    panels: list[Axes] = [axes] if len(rows) == 1 else axes
    for ax, (title, outcome) in zip(panels, rows, strict=True):
        _raster(ax, outcome)
        ax.set_title(title)
    panels[-1].set_xlabel("frame")
    results.save_figure("f3-events", drawn, [outcome.run.dataset for _, outcome in rows])


def _raster(ax: Axes, outcome: Outcome) -> None:
    """Filled cells where a level changed, p(e = 1) of level 2 as a line over its row, true changes as marks above."""
    changed = outcome.arrays["events/changed"][0].T  # (N, T)
    levels, frames = changed.shape
    time = np.arange(1, frames + 1)
    for n in range(levels):
        ax.bar(time[changed[n]], 0.8, bottom=n - 0.4, width=0.9, color=plotting.PALETTE[n % len(plotting.PALETTE)])
        if n:
            chance = outcome.arrays["events/probability"][0, :, n]
            seen = outcome.arrays["events/seen"][0, :, n]
            ax.plot(time, np.where(seen, n - 0.4 + 0.8 * chance, np.nan), color="black", linewidth=0.9)
    labels = [f"level {n + 1}" for n in range(levels)]
    if "test/changes" in outcome.run.data:
        happened = outcome.run.data["test/changes"][0]
        ax.plot(time[happened], np.full(int(happened.sum()), levels - 0.2), "v", color=plotting.GREY, markersize=3.5)
        labels.append("true")
    ax.set_yticks([*range(levels), *([levels - 0.2] if len(labels) > levels else [])], labels)
    ax.set_ylim(-0.55, levels + 0.1)
    ax.set_xlim(0.3, frames + 0.7)
    ax.grid(visible=False)


def _film(ax: Axes, video: np.ndarray, below: Axes) -> None:
    """The frames of a video (T, H, W, 1 or 3), each above its place on the other axes."""
    whole = np.concatenate(list(np.broadcast_to(video, (*video.shape[:-1], 3))), axis=1)
    ax.imshow(whole, aspect="auto", extent=(0.5, len(video) + 0.5, 0, 1), interpolation="nearest")
    ax.set_xlim(below.get_xlim())
    ax.set_yticks([0.5], ["video"])
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def meaning(results: Results) -> None:
    """Fig. 5: samples of each level, roll-outs of each level, and changes under a video."""
    found = first_outcomes(results)
    chosen = next((found[dataset, method] for method, dataset in MEANING if (dataset, method) in found), None)
    if chosen is None:
        return
    sampled, rolled = chosen.arrays["levels/sampled"], chosen.arrays["levels/rolled"]
    levels = len(sampled)
    video = chosen.run.data["test"][0]
    step = max(1, rolled.shape[1] // MOST_COLUMNS)
    rows = [(f"level {n + 1} sampled", sampled[n]) for n in range(levels)]
    rows += [(f"level {n + 1} rolls out", rolled[n, ::step][:MOST_COLUMNS]) for n in range(levels)]
    drawn, (upper, film, raster) = plotting.figure(
        "full", height=0.52 * len(rows) + 2.0, nrows=3, height_ratios=[0.52 * len(rows), 0.16, 1.2]
    )
    strips(upper, rows)
    _raster(raster, chosen)
    _film(film, video, raster)
    raster.set_xlabel("frame")
    results.save_figure("f5-levels", drawn, [chosen.run.dataset])
