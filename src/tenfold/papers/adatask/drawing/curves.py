"""Learning curves, and the metrics against the unit of a loss."""

from __future__ import annotations

import numpy as np

from tenfold import plotting
from tenfold.papers.adatask.drawing.recorded import dense_dataset
from tenfold.results import Results

COMPARED = ("ew", "ew-lrk", "uw", "pcgrad", "adatask")
STUDIES = {"ew-scales": "ew", "adatask-scales": "adatask"}


def learning(results: Results) -> None:
    """F7: depth error and mIoU on the test scenes after each epoch."""
    import pandas as pd

    dataset = dense_dataset(results)
    if dataset is None:
        return
    rows = [
        {
            "method": method,
            "step": row["step"],
            "seed": row["seed"],
            "abs": row["test_abs_err"],
            "miou": row["test_miou"],
        }
        for method in COMPARED
        for run in results.runs_of(dataset, method)
        for row in run.history
    ]
    frame = pd.DataFrame(rows)
    figure, axes = plotting.figure("full", ncols=2, height=2.6)
    for ax, value, label in zip(axes, ("abs", "miou"), ("absolute depth error", "mIoU"), strict=True):
        plotting.learning_curve(ax, frame, value=value, styles=results.styles, titles=results.method_titles)
        ax.set(xlabel="epoch", ylabel=label)
        ax.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    results.save_figure("f7-curves", figure, [dataset])


def scales(results: Results) -> None:
    """F8: both tasks against the weight of the depth loss."""
    frame = results.metrics[
        results.metrics["method"].isin(STUDIES) & results.metrics["split"].str.startswith("depth x ")
    ]
    if frame.empty:
        return
    dataset = frame["dataset"].iloc[0]
    frame = frame[frame["dataset"] == dataset].copy()
    frame["weight"] = frame["split"].str.removeprefix("depth x ").astype(float)
    figure, axes = plotting.figure("full", ncols=2, height=2.3)
    for ax, metric, label in zip(axes, ("abs_err", "miou"), ("absolute depth error", "mIoU"), strict=True):
        for study, method in STUDIES.items():
            own = frame[(frame["method"] == study) & (frame["metric"] == metric)].groupby("weight")["value"]
            if own.ngroups == 0:
                continue
            mean, low, high = own.mean(), own.min(), own.max()
            look = results.styles[method]
            ax.errorbar(
                mean.index, mean, np.array([mean - low, high - mean]), color=look.colour, marker=look.marker,
                capsize=2, elinewidth=0.8, label=results.method_title(method),
            )  # fmt: skip
        ax.set(xscale="log", xlabel="weight of the depth loss", ylabel=label)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    results.save_figure("f8-scales", figure, [str(dataset)])
