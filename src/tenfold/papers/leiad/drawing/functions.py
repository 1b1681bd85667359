"""What the labelling functions do (F5), and the window that a user sees (F6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold import plotting
from tenfold.papers.leiad.drawing.plots import ABLATED, band, grid, legend
from tenfold.papers.leiad.drawing.recorded import LEIAD, datasets, methods, panel_title, recorded_curves, runs
from tenfold.papers.leiad.pools import labels_of, prepared
from tenfold.results import Results

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

CONTEXT = 300
"""Points shown on either side of a window."""
SHOWN_ARMS = (*ABLATED[:3], "al-uncertainty", "al-random", "al-most-anomalous")


KINDS = ("initial", "representation", "statistics", "gold-model")
"""Of LEIAD's labelling functions."""


def efficiency(results: Results) -> None:
    """F5: anomalies that were labelled, and coverage and precision of the labelling functions by iteration."""
    from matplotlib.ticker import MaxNLocator

    names = [name for name in datasets(results) if recorded_curves(results, name, LEIAD)]
    if not names:
        return
    drawn, rows = grid(names, 3)
    for dataset, (left, middle, right) in zip(names, rows, strict=True):
        for method in methods(results, dataset, SHOWN_ARMS):
            look = {"color": plotting.PALETTE[SHOWN_ARMS.index(method)]}
            band(left, recorded_curves(results, dataset, method), "anomalies", look, results.method_title(method))
        left.set(title=panel_title(results, dataset), ylabel="anomalous points labelled")
        _functions(results, dataset, middle, right)
    rows[-1][0].set_xlabel("interactions (shown windows)")
    for row in rows:
        for ax in row[1:]:
            ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    for ax in rows[-1][1:]:
        ax.set_xlabel("iteration in which the LF was made")
    legend(drawn, [*(row[0] for row in rows), rows[0][1]], 5)
    results.save_figure("f5-functions", drawn, names)


def _functions(results: Results, dataset: str, coverage: Axes, precision: Axes) -> None:
    """Dots for the functions of each kind, all seeds: points called anomalies, and how many of them are."""
    kinds: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for run in runs(results, dataset, LEIAD):
        for seed in run.seeds:
            counts, named = run.predictions[f"{seed}/functions"], run.predictions[f"{seed}/function_kinds"]
            for kind, pieces in kinds.items():
                pieces.append(counts[named == kind])
    for number, (kind, pieces) in enumerate(kinds.items()):
        iteration, tp, fp, _, _ = np.concatenate(pieces).T
        called = tp + fp
        look: dict[str, Any] = {
            "color": plotting.PALETTE[number],
            "marker": "os^D"[number],
            "markersize": 2.6,
            "linestyle": "none",
        }
        coverage.plot(iteration, np.maximum(called, 0.8), label=kind, alpha=0.7, **look)
        known = called > 0
        precision.plot(iteration[known], tp[known] / called[known], label=kind, alpha=0.7, **look)
    coverage.set(title="points called anomalies", yscale="log", ylabel="points")
    precision.set(title="share that are anomalies", ylabel="precision", ylim=(-0.03, 1.03))


def window(results: Results) -> None:
    """F6: a window as a user sees it, with its context and the detectors' scores."""
    found = _example(results)
    if found is None:
        return
    dataset, folder, seed, (series, centre, start, stop) = found
    arrays = prepared(folder, "offsets", "values", "scores", "detector_names", "names", f"{seed}/train_series")
    labels, starts = labels_of(folder, seed, "train")
    place = arrays[f"{seed}/train_series"][series]
    shift = arrays["offsets"][place] - starts[series]  # from places in the pool to places in the prepared data
    first, last = max(start - CONTEXT, starts[series]), min(stop + CONTEXT, starts[series + 1])
    x = np.arange(first, last)
    drawn, (top, bottom) = plotting.figure("full", height=3.3, nrows=2, height_ratios=[1.3, 1], sharex=True)
    top.plot(x - starts[series], arrays["values"][x + shift], color=plotting.PALETTE[1], linewidth=0.9)
    odd = x[labels[x] == 1]
    top.plot(
        odd - starts[series],
        arrays["values"][odd + shift],
        "o",
        color=plotting.PALETTE[0],
        markersize=2.5,
        label="anomaly",
    )
    top.axvline(centre - starts[series], color="black", linewidth=0.8, linestyle=":", label="queried point")
    for ax in (top, bottom):
        ax.axvspan(start - starts[series], stop - starts[series], color=plotting.PALETTE[5], alpha=0.18, linewidth=0)
    top.set(
        title=f"{panel_title(results, dataset)}, series {arrays['names'][place]}".replace("\n", " "), ylabel="value"
    )
    top.legend(loc="best")
    names = arrays["detector_names"]
    scores = arrays["scores"][x + shift]
    image = bottom.imshow(
        scores.T,
        aspect="auto",
        cmap="Greys",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(first - starts[series], last - starts[series], len(names) - 0.5, -0.5),
    )
    bottom.set_yticks(range(len(names)), [str(name).replace("-", " ") for name in names])
    bottom.grid(visible=False)
    bottom.set_xlabel("point of the series")
    drawn.colorbar(image, ax=bottom, label="score", pad=0.01)
    results.save_figure("f6-window", drawn, [dataset])


def _example(results: Results) -> tuple[str, Path, int, tuple[int, int, int, int]] | None:
    """The third shown window with an anomaly, of the first seed, on real data where there is some."""
    names = [name for name in datasets(results) if recorded_curves(results, name, LEIAD)]
    for dataset in sorted(names, key=lambda name: results.kind(name) == "synthetic"):
        for run in runs(results, dataset, LEIAD):
            seed = run.seeds[0]
            shown = run.predictions[f"{seed}/shown"]
            hits = shown[shown[:, 6] > 0]
            if len(hits):
                series, centre, start, stop = (int(number) for number in hits[min(2, len(hits) - 1), :4])
                return dataset, run.prepared, seed, (series, centre, start, stop)
    return None
