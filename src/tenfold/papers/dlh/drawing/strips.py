"""Film strips of predicted futures (Figs. 4 and 6), and the same as films."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.dlh.drawing.recorded import Outcome, first_outcomes
from tenfold.plotting.films import side_by_side
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURES = {
    "f4-ball": ("moving-ball", "ball-tiny"),
    "f4-digits": ("moving-mnist", "moving-mnist-64", "moving-mnist-32", "digits-tiny"),
    "f4-people": ("kth", "walking-64", "walking-32"),
    "f4-mazes": ("gqn-mazes", "maze-walks"),
}
"""Figure -> the data sets it may show; the first that was run is taken."""
SHOWN = ("dlh", "cwvae", "rssm", "vta", "lmc-memory", "vpr", "copy-last")
"""Methods in the strips, where they were run."""
COLOUR_DATASET = "moving-ball-01"
GIVEN = 3
"""Frames of the context at the start of a strip."""
COLUMNS = 12
"""Frames in a strip, at most."""
FRAMES_PER_SECOND = 6
FILM_SIDE = 96
"""Pixels of a video in a film, about."""


def futures(results: Results) -> None:
    """Fig. 4: for each kind of video two sequences, truth above the methods."""
    found = first_outcomes(results)
    for name, candidates in FIGURES.items():
        dataset = next((one for one in candidates if any(key[0] == one for key in found)), None)
        if dataset is None:
            continue
        shown = {method: found[dataset, method] for method in SHOWN if (dataset, method) in found}
        strips = {results.method_title(method): one for method, one in shown.items()}
        if strips:
            _save(results, name, dataset, strips, examples=2, samples=1)


def colours(results: Results) -> None:
    """Fig. 6: a good future and another one of both models under random changes of colour."""
    found = first_outcomes(results)
    shown = {method: found[COLOUR_DATASET, method] for method in ("dlh", "cwvae") if (COLOUR_DATASET, method) in found}
    if shown:
        titled = {results.method_title(method): one for method, one in shown.items()}
        _save(results, "f6-colours", COLOUR_DATASET, titled, examples=2, samples=2)


def _save(
    results: Results, name: str, dataset: str, outcomes: dict[str, Outcome], *, examples: int, samples: int
) -> None:
    """A figure and its film; `samples` futures of each model for each of the first `examples` sequences."""
    any_one = next(iter(outcomes.values()))
    truth, context = any_one.arrays["example/truth"], any_one.context
    examples = min(examples, len(truth))
    times = _times(context, truth.shape[1])
    rows: list[tuple[str, np.ndarray]] = []
    for example in range(examples):
        rows.append(("truth", truth[example]))
        for title, outcome in outcomes.items():
            for sample in range(min(samples, len(outcome.arrays["example/predicted"]))):
                label = title if sample == 0 else "another"
                rows.append((label, _whole(outcome, example, sample)))
    side = 5.9 / len(times)
    drawn, axes = plotting.figure("full", height=side * len(rows) * 1.06 + 0.35, nrows=len(rows), ncols=len(times))
    for row, (label, video) in enumerate(rows):
        panels = axes[row * len(times) : (row + 1) * len(times)]
        for ax, time in zip(panels, times, strict=True):
            _picture(ax, video[time])
            if row == 0:
                ax.set_title(f"{time + 1 - context:+d}" if time >= context else f"{time + 1}", loc="center", fontsize=7)
        panels[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
    results.save_figure(name, drawn, [dataset])
    films = {"truth": truth[0]} | {title: _whole(outcome, 0, 0) for title, outcome in outcomes.items()}
    notes = [f"frame {t + 1}: {'given' if t < context else 'predicted'}" for t in range(truth.shape[1])]
    zoom = max(1, round(FILM_SIDE / truth.shape[2]))
    results.save_film(name, side_by_side(films, zoom=zoom, notes=notes), FRAMES_PER_SECOND)


def _whole(outcome: Outcome, example: int, sample: int) -> np.ndarray:
    """Context and prediction (T, H, W, C)."""
    given = outcome.arrays["example/truth"][example, : outcome.context]
    return np.concatenate([given, outcome.arrays["example/predicted"][sample, example]])


def _times(context: int, frames: int) -> list[int]:
    """The last frames of the context, then predicted ones at equal distances."""
    given = list(range(max(0, context - GIVEN), context))
    step = -(-(frames - context) // (COLUMNS - len(given)))
    return given + list(range(context, frames, step))


def _picture(ax: Axes, frame: np.ndarray) -> None:
    ax.imshow(frame[..., 0] if frame.shape[-1] == 1 else frame, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
