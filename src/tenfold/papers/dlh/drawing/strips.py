"""Film strips of predicted futures (Figs. 4 and 6), and the same as films."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.dlh.drawing.recorded import Outcome, first_outcomes
from tenfold.plotting.films import side_by_side
from tenfold.results import Results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

FIGURES = {
    "f4-ball": ("moving-ball", "ball-tiny"),
    "f4-digits": ("moving-mnist", "moving-mnist-64", "moving-mnist-32", "digits-tiny"),
    "f4-people": ("kth", "walking-64"),
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
        titled = {results.method_title(method): one for method, one in shown.items()}
        if titled:
            _save(results, name, dataset, titled, examples=2, samples=1)


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
    height = 5.9 / len(times) * len(rows) * 1.08 + 0.35
    drawn, ax = plotting.figure("full", height=height)
    names = [f"{time + 1 - context:+d}" if time >= context else f"{time + 1}" for time in times]
    strips(ax, [(label, video[times]) for label, video in rows], names)
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


def strips(ax: Axes, rows: Sequence[tuple[str, np.ndarray]], names: Sequence[str] | None = None) -> None:
    """Rows of frames (F, H, W, 1 or 3) uint8 with a label each, on white; `names` are written above the frames.

    All of it is one image: an axes for each frame would take many times as long to draw.
    """
    height, width = rows[0][1].shape[1:3]
    gap = max(1, height // 16)
    most = max(len(frames) for _, frames in rows)
    canvas = np.full((len(rows) * (height + gap), most * (width + gap), 3), 255, dtype=np.uint8)
    for row, (_, frames) in enumerate(rows):
        top = row * (height + gap)
        for column, frame in enumerate(frames):
            left = column * (width + gap)
            canvas[top : top + height, left : left + width] = frame
    ax.imshow(canvas, interpolation="nearest")
    ax.set_yticks([row * (height + gap) + height / 2 for row in range(len(rows))], [label for label, _ in rows])
    ax.set_xticks([column * (width + gap) + width / 2 for column in range(len(names or []))], names or [])
    ax.tick_params(length=0, top=names is not None, labeltop=names is not None, bottom=False, labelbottom=False)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
