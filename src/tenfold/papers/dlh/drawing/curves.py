"""Quality against the frame, and the course of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold import plotting
from tenfold.metrics.video_quality import best_of
from tenfold.papers.dlh.drawing.recorded import outcomes
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

TRAINING = {
    "error": "squared error of a frame",
    "kl-": "KL (nats a frame)",
    "cross-entropy-": "cross-entropy of e (nats)",
    "rate-": "update rate",
}
"""Logged value, or start of the names of one for each level -> label."""


def by_frame(results: Results) -> None:
    """SSIM and PSNR of each predicted frame; a row for each data set."""
    import pandas as pd

    rows = []
    for outcome in outcomes(results):
        for metric in ("ssim", "psnr"):
            curve = best_of(outcome.arrays[metric]).mean(0)
            for place, value in enumerate(curve, start=1):
                rows.append((outcome.run.dataset, outcome.run.method, outcome.seed, metric, place, float(value)))
    if not rows:
        return
    frame = pd.DataFrame(rows, columns=["dataset", "method", "seed", "metric", "frame", "value"])
    roles = {name: method.role for name, method in results.paper.methods.items()}
    frame = frame[frame["method"].map(roles) != "ablation"]
    datasets = results.known("datasets", None, frame["dataset"])
    drawn, axes = plotting.figure("full", height=1.9 * len(datasets) + 0.6, nrows=len(datasets), ncols=2)
    handles: dict[str, Artist] = {}
    for number, dataset in enumerate(datasets):
        for ax, metric in zip(axes[2 * number : 2 * number + 2], ("ssim", "psnr"), strict=True):
            own = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
            plotting.learning_curve(
                ax, own, value="value", step="frame", styles=results.styles, titles=results.method_titles
            )
            ax.set(title=results.label(dataset), xlabel="predicted frame", yscale="linear")
            ax.set_ylabel("SSIM" if metric == "ssim" else "PSNR (dB)")
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
    drawn.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=5)
    results.save_figure("by-frame", drawn, datasets)


def training(results: Results) -> None:
    """What DLH logs, for each data set a column."""
    import pandas as pd

    rows = []
    for run in results.runs():
        if run.method != "dlh":
            continue
        for line in run.history:
            for name, value in line.items():
                if name not in ("loop", "step", "seed", "loss"):
                    rows.append((run.dataset, line["seed"], line["step"], name, float(value)))
    if not rows:
        return
    frame = pd.DataFrame(rows, columns=["dataset", "seed", "update", "name", "value"])
    datasets = results.known("datasets", None, frame["dataset"])
    drawn, axes = plotting.figure("full", height=1.5 * len(TRAINING) + 0.3, nrows=len(TRAINING), ncols=len(datasets))
    panels: list[Axes] = list(axes)
    for row, (start, label) in enumerate(TRAINING.items()):
        for column, dataset in enumerate(datasets):
            ax = panels[row * len(datasets) + column]
            own = frame[(frame["dataset"] == dataset) & frame["name"].str.startswith(start)]
            titles = {name: f"level {name.removeprefix(start)}" for name in own["name"].unique()}
            plotting.learning_curve(ax, own, value="value", step="update", group="name", titles=titles)
            ax.set(xlabel="update" if row == len(TRAINING) - 1 else "", ylabel=label if column == 0 else "")
            if row == 0:
                ax.set_title(results.label(dataset).replace(" (", "\n("))
            elif start != "error":
                ax.legend(loc="best")
    results.save_figure("training", drawn, datasets)
