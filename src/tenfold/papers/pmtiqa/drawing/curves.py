"""Figures over epochs and over units of the label: F1, F2, F5."""

from __future__ import annotations

import numpy as np

from tenfold import plotting
from tenfold.papers.pmtiqa.drawing.recorded import (
    ARM_TITLES,
    SCHEDULES,
    SPANS,
    measured,
    panel_title,
    rule,
    score_name,
    values,
)
from tenfold.papers.pmtiqa.schedule import rate_exponent, task_weights
from tenfold.results import Results

MOST_ROWS = 4


def schedule(results: Results) -> None:
    """F1: lambda_1 and lambda_2, and the learning rate, over the epochs that PMT-IQA trained for."""
    datasets = measured(results, ("pmtiqa",))
    if not datasets:
        return
    optimisation = results.runs_of(datasets[0], "pmtiqa")[0].settings["optimisation"]
    count = optimisation["epochs"]
    epochs = np.arange(count)
    weights = np.array([task_weights("progressive", int(epoch), count) for epoch in epochs])
    figure, (left, right) = plotting.figure("full", ncols=2, height=2.1)
    for column, label, colour in (
        (0, "regression, λ₁", plotting.PALETTE[0]),
        (1, "classification, λ₂", plotting.PALETTE[1]),
    ):
        left.plot(epochs, weights[:, column], color=colour, marker="o", markersize=2.5, label=label)
    left.set(xlabel="epoch", ylabel="weight of the loss", title="progressive (reversed: the lines change places)")
    left.legend(loc="center right")
    for period, dash in dict.fromkeys(((6, "-"), (optimisation["period"], (0, (4, 1.5))))):
        rates = [10.0 ** rate_exponent(int(epoch), period) for epoch in epochs]
        label = "the paper's code" if period == 6 else "heads on frozen features"
        right.step(epochs, rates, where="mid", color=plotting.GREY, linestyle=dash, label=f"{label} ({period} epochs)")
    right.set(xlabel="epoch", ylabel="learning rate / first one", yscale="log", title="learning rate")
    right.legend(loc="lower left")
    for ax in (left, right):
        ax.xaxis.get_major_locator().set_params(integer=True)
    results.save_figure("f1-schedule", figure, datasets[:1])


def training(results: Results) -> None:
    """F2: the two losses and the test SRCC after each epoch, for the four schedules."""
    import pandas as pd

    datasets = measured(results, SCHEDULES)[:MOST_ROWS]
    if not datasets:
        return
    figure, axes = plotting.figure("full", ncols=3, nrows=len(datasets), height=0.5 + 1.55 * len(datasets))
    grid = np.array(axes).reshape(len(datasets), 3)
    for row, dataset in zip(grid, datasets, strict=True):
        name = score_name(results, dataset)
        frame = pd.DataFrame(
            {"method": method, **line}
            for method in SCHEDULES
            for run in results.runs_of(dataset, method)
            for line in run.history
            if line["loop"] != "rates"
        )
        panels = (
            ("loss_regression", f"mean |error|, {name}"), ("loss_classification", "cross-entropy"),
            ("test_srcc", "test SRCC"),
        )  # fmt: skip
        for ax, (value, label) in zip(row, panels, strict=True):
            plotting.learning_curve(ax, frame, value=value, styles=results.styles, titles=ARM_TITLES)
            ax.set(xlabel="epoch" if dataset == datasets[-1] else "", ylabel=label)
            ax.xaxis.get_major_locator().set_params(integer=True)
        row[0].set_title(results.label(dataset))
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    results.save_figure("f2-curves", figure, datasets)


def units(results: Results) -> None:
    """F5: SRCC of both arms, and the gain, against what the labels span."""
    datasets = measured(results, ("label-units",))[:MOST_ROWS]
    if not datasets:
        return
    figure, axes = plotting.figure("full", ncols=len(datasets), nrows=2, height=4.1, sharex=True, sharey="row")
    grid = np.array(axes).reshape(2, len(datasets))
    looks = {"regression-only": results.styles["no-pmt"], "progressive": results.styles["pmtiqa"]}
    for (upper, lower), dataset in zip(grid.T, datasets, strict=True):
        splits = results.metrics[(results.metrics["dataset"] == dataset) & (results.metrics["metric"] == "pmt_gain")][
            "split"
        ].unique()
        factors = sorted(float(split.split()[-1]) for split in splits)
        spans = SPANS[rule(results, dataset)] * np.array(factors)
        for arm, look in looks.items():
            found = [values(results, dataset, "label-units", "srcc", f"{arm} x {factor:g}") for factor in factors]
            _range_line(upper, spans, found, look, arm.replace("-", " "))
        gains = [values(results, dataset, "label-units", "pmt_gain", f"x {factor:g}") for factor in factors]
        _range_line(lower, spans, gains, plotting.MethodStyle(plotting.PALETTE[2], "-", "D"), "gain")
        lower.axhline(0, color=plotting.GREY, linewidth=0.8)
        own = SPANS[rule(results, dataset)]
        for ax in (upper, lower):
            ax.axvline(own, color=plotting.GREY, linestyle=(0, (1.2, 1.2)), linewidth=0.9)
        upper.set(xscale="log", title=panel_title(results, dataset, 72 // len(datasets)))
        lower.set(xscale="log", xlabel=f"span of the {score_name(results, dataset)} labels")
    grid[0, 0].set_ylabel("SRCC, last epoch")
    grid[1, 0].set_ylabel("SRCC gained by PMT")
    handles = [*grid[0, 0].get_legend_handles_labels()]
    figure.legend(*handles, loc="outside upper center", ncols=2)
    results.save_figure("f5-units", figure, datasets)


def _range_line(ax, positions: np.ndarray, found: list[dict[int, float]], look, label: str) -> None:  # type: ignore[no-untyped-def]
    """Mean over splits with bars from the lowest to the highest."""
    mean = np.array([np.mean(list(one.values())) for one in found])
    low = mean - [min(one.values()) for one in found]
    high = np.array([max(one.values()) for one in found]) - mean
    ax.errorbar(
        positions, mean, [low, high], color=look.colour, linestyle=look.dash, marker=look.marker, markersize=3.5,
        capsize=2, elinewidth=0.8, label=label,
    )  # fmt: skip
