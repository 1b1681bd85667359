"""Figures of the synthetic problems."""

from __future__ import annotations

import numpy as np
import torch

from tenfold import plotting
from tenfold.papers.adatask.evaluate import ratio_label
from tenfold.papers.adatask.problems import toys
from tenfold.results import Results

METHODS = {"toy-ew": "ew", "toy-adatask": "adatask"}
"""Study of a synthetic problem -> the method whose colour it has."""
REACH = 11.0


def landscape(results: Results) -> None:
    """F5: paths on the contours of Toy-A, a row for each method, a column for each scale."""
    runs = [results.runs_of("toy-curves", method) for method in METHODS]
    if not all(runs):
        return
    scales = runs[0][0].predictions["ratios"].tolist()
    figure, axes = plotting.figure("full", ncols=len(scales), nrows=2, height=5.6, sharex=True, sharey=True)
    first, second = torch.meshgrid(
        torch.linspace(-REACH, REACH, 201), torch.linspace(-REACH, REACH, 201), indexing="xy"
    )
    for number, (ax, (method, run, place)) in enumerate(
        zip(
            axes,
            [
                (method, run[0], place)
                for method, run in zip(METHODS, runs, strict=True)
                for place in range(len(scales))
            ],
            strict=True,
        )
    ):
        total = toys.landscape(torch.stack([first, second], -1), scales[place]).sum(0)
        ax.contourf(first, second, total, levels=24, cmap="Greys", alpha=0.55)
        ax.plot([-7, 7], [toys.PARETO_ROW] * 2, color=plotting.GREY, linewidth=4, alpha=0.7, solid_capstyle="round")
        path = run.predictions["adam/path"][:, 0, place]  # (T, 5, 2)
        for start in range(path.shape[1]):
            ax.plot(path[:, start, 0], path[:, start, 1], color=plotting.PALETTE[start])
            ax.plot(*path[0, start], "o", color=plotting.PALETTE[start], markersize=4)
            ax.plot(*path[-1, start], "*", color=plotting.PALETTE[start], markersize=8, markeredgecolor="white")
        ax.set(
            title=f"{results.method_title(method)}, s = {scales[place]:g}", xlim=(-REACH, REACH), ylim=(-REACH, REACH)
        )
        ax.grid(visible=False)
        if number >= len(scales):
            ax.set_xlabel("$x_1$")
        if number % len(scales) == 0:
            ax.set_ylabel("$x_2$")
    results.save_figure("f5-landscape", figure, ["toy-curves"])


def quadratic(results: Results) -> None:
    """F6: mean end point against the ratio of curvatures, with the closed form."""
    frame = results.metrics[
        (results.metrics["dataset"] == "toy-quadratic") & (results.metrics["metric"] == "equilibrium")
    ]
    if frame.empty:
        return
    optimizers = list(dict.fromkeys(split.split()[0] for split in frame["split"]))
    figure, axes = plotting.figure("full", ncols=len(optimizers), height=2.4, sharey=True)
    axes = axes if isinstance(axes, list) else [axes]
    ratios = results.runs_of("toy-quadratic", "toy-ew")[0].predictions["ratios"]
    line = np.geomspace(ratios.min(), ratios.max(), 100)
    for ax, optimizer in zip(axes, optimizers, strict=True):
        ax.plot(
            np.log10(line), [toys.quadratic_optimum(1, b) for b in line], color=plotting.GREY, label="(a - b) / (a + b)"
        )
        ax.axhline(0, color=plotting.GREY, linestyle="--", linewidth=0.8, label="middle")
        for method in METHODS:
            rows = frame[frame["method"] == method]
            means = [rows[rows["split"] == f"{optimizer} {ratio_label(ratio)}"]["value"].mean() for ratio in ratios]
            ax.plot(
                np.log10(ratios),
                means,
                markersize=6,
                label=results.method_title(method),
                **results.styles[METHODS[method]].points,
            )
        ax.set(
            title={"adam": "Adam", "rmsprop": "RMSProp", "adagrad": "AdaGrad"}[optimizer], xlabel="$\\log_{10}(b/a)$"
        )
        ax.set_xticks(np.log10(ratios))
    axes[0].set_ylabel("mean end point")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    results.save_figure("f6-quadratic", figure, ["toy-quadratic"])
