"""Figures of runs over their steps: stages, singular values, effective rank, Hessian spectra, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.papers.dmf_spe import oracle
from tenfold.papers.dmf_spe.drawing.results import DEPTH_COLOURS, THOUSAND, held, runs_of, with_range
from tenfold.plotting import GREY, PALETTE, figure, panel_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tenfold.papers.dmf_spe.recorded import RecordedRun
    from tenfold.papers.dmf_spe.stages import Stages
    from tenfold.results import Results

STEPS_LABEL = "steps (thousands)"


def stages(results: Results) -> None:
    """Loss and gradient norm of the first seed for every rank, depth 3."""
    runs = runs_of(results, "ranks", "gd-l3")
    if not runs:
        return
    first = [pair for pair in runs if pair[0].seed == runs[0][0].seed]
    drawn, axes = figure("full", height=3.1, nrows=2, ncols=len(first), sharey="row", sharex="col")
    axes = list(np.atleast_1d(axes))
    for column, (run, found) in enumerate(first):
        above, below = axes[column], axes[len(first) + column]
        steps = run.steps / THOUSAND
        for level in oracle.plateau_losses(run.sigma.tolist())[:-1]:
            above.axhline(level, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)))
        above.semilogy(steps, run.curves["loss"], color=DEPTH_COLOURS[run.depth])
        above.set_ylim(1e-6, 100)
        above.set_title(f"rank {run.rank}")
        norm = run.curves["gradient_norm"]
        below.semilogy(steps, norm, color=DEPTH_COLOURS[run.depth])
        below.plot(steps[found.peaks], norm[found.peaks], "o", color=PALETTE[1], markersize=4)
        below.set_ylim(1e-5, 100)
        below.set_xlabel(STEPS_LABEL)
        below.text(0.97, 0.95, f"peaks: {len(found.peaks)}", transform=below.transAxes, ha="right", va="top")
    axes[0].set_ylabel("loss")
    axes[len(first)].set_ylabel("gradient norm")
    results.save_figure("f1-stages", drawn, ["ranks"])


def singular_values(results: Results) -> None:
    """Singular values over steps, with the scalar recursion."""
    aligned = [p for p in runs_of(results, "escape-421", "escape-law") if p[0].init == "aligned" and p[0].depth == 3]
    aligned = [pair for pair in aligned if pair[0].scale <= 0.05][:1] or aligned[:1]
    gaussian = [
        pair
        for method in ("gd-l3", "gd-l4")
        for pair in [p for p in runs_of(results, "ranks", method) if p[0].rank <= 3][-1:]
    ]
    panels = [*aligned, *gaussian]
    if not panels:
        return
    drawn, axes = figure("full", height=2.2, ncols=len(panels))
    axes = list(np.atleast_1d(axes))
    for ax, (run, found) in zip(axes, panels, strict=True):
        _singular_value_panel(ax, run, found)
    axes[0].set_ylabel("singular values of the product")
    axes[0].legend(loc="upper right", bbox_to_anchor=(1, 0.92))
    panel_labels(axes)
    results.save_figure("f2-singular-values", drawn, ["escape-421", "ranks"])


def _singular_value_panel(ax: Axes, run: RecordedRun, found: Stages) -> None:
    steps = run.steps / THOUSAND
    values, exact = run.curves["singular_values"], run.recursion()
    for i in range(run.rank):
        ax.plot(steps, values[:, i], color=PALETTE[i], label=f"mode {i + 1}" if run.init == "aligned" else None)
        if run.init == "aligned":
            shown = np.searchsorted(run.steps, np.linspace(0, run.steps[-1], 28)[1:-1])
            ax.plot(steps[shown], exact[shown, i], "o", color=PALETTE[i], markersize=2.5)
        else:
            ax.plot(steps, exact[:, i], color=PALETTE[i], linestyle=(0, (3, 2)), linewidth=0.8)
        if np.isfinite(found.times[i]):
            ax.axvline(found.times[i] / THOUSAND, color=PALETTE[i], linestyle=":", linewidth=0.8)
    ax.set_xlabel(STEPS_LABEL)
    ax.set_title(rf"{run.init}, depth {run.depth}, $\alpha$ = {run.scale:g}")


def effective_rank(results: Results) -> None:
    """Effective and stable rank over steps for every rank, depth 3."""
    runs = [run for run, _ in runs_of(results, "ranks", "gd-l3")]
    if not runs:
        return
    drawn, axes = figure("full", height=2.3, ncols=2)
    for number, rank in enumerate(sorted({run.rank for run in runs})):
        own = [run for run in runs if run.rank == rank]
        longest = max(own, key=lambda run: run.steps[-1])
        share, squares = longest.sigma / longest.sigma.sum(), longest.sigma**2
        ends = np.exp(-(share * np.log(share)).sum()), squares.sum() / squares[0]
        for ax, curve, end in zip(axes, ("effective_rank", "stable_rank"), ends, strict=True):
            curves = held(own, curve, longest.steps)
            with_range(ax, longest.steps / THOUSAND, curves, PALETTE[number], label=f"rank {rank}")
            ax.axhline(end, color=PALETTE[number], linestyle=":", linewidth=0.8)
    for ax, name, top in zip(axes, ("effective rank", "stable rank"), (8, 4), strict=True):
        ax.set_ylim(0.7, top)
        ax.set_xlabel(STEPS_LABEL)
        ax.set_ylabel(name)
    axes[0].legend(ncols=2, loc="upper right")
    panel_labels(axes)
    results.save_figure("f3-effective-rank", drawn, ["ranks"])


def hessians(results: Results) -> None:
    """Sorted Hessian eigenvalues at the start, at each plateau, and at the end, for depth 2 and 3."""
    runs = [run for run, _ in runs_of(results, "small", "hessian-paths") if run.init == "orthogonal"]
    panels = [own[0] for depth in (2, 3) if (own := [run for run in runs if run.depth == depth])]
    if not panels:
        return
    drawn, axes = figure("full", height=2.6, ncols=len(panels))
    axes = list(np.atleast_1d(axes))
    for ax, run in zip(axes, panels, strict=True):
        _spectrum_panel(ax, run)
    axes[0].set_ylabel("Hessian eigenvalue")
    panel_labels(axes)
    results.save_figure("f4-hessians", drawn, ["small"])


def _spectrum_panel(ax: Axes, run: RecordedRun) -> None:
    names = ["start", *(f"plateau {r}" for r in range(1, run.rank)), "end"]
    spectra = run.spectra if run.spectra is not None else np.empty((0, 0))
    for place, (name, eigenvalues) in enumerate(zip(names, spectra, strict=False)):
        if not np.isfinite(eigenvalues).all():
            continue
        negative = int((eigenvalues < -0.05).sum())
        order = np.arange(1, len(eigenvalues) + 1)
        ax.plot(order, eigenvalues, color=PALETTE[place], label=f"{name}: {negative} negative")
        if run.depth == 2 and place < run.rank:
            ax.plot([-3], [-run.sigma[place]], "x", color=PALETTE[place], markersize=5, clip_on=False)
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set_yscale("symlog", linthresh=0.1)
    ax.set_xlabel("index of the eigenvalue")
    ax.set_title(rf"depth {run.depth}, {run.init}, $\alpha$ = {run.scale:g}")
    ax.legend(loc="upper left")


def noise(results: Results) -> None:
    """Singular values and error to the noiseless signal on the full-rank target."""
    runs = runs_of(results, "noise", "gd-l3")
    if not runs:
        return
    run = runs[0][0]
    drawn, (left, right) = figure("full", height=2.2, ncols=2)
    steps = run.steps / THOUSAND
    for i in range(run.curves["singular_values"].shape[1]):
        signal = i < run.rank
        label = f"signal {i + 1}" if signal else "noise" if i == run.rank else None
        left.loglog(steps[1:], run.curves["singular_values"][1:, i], color=PALETTE[i] if signal else GREY, label=label)
    left.set_ylim(1e-5, 10)
    left.set_ylabel("singular values of the product")
    left.legend(loc="center left")
    everyone = [recorded for recorded, _ in runs]
    longest = max(everyone, key=lambda recorded: recorded.steps[-1])
    errors = held(everyone, "relative_error", longest.steps)
    with_range(right, longest.steps[1:] / THOUSAND, errors[:, 1:], PALETTE[0])
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_ylabel("relative error to the signal")
    for ax in (left, right):
        ax.set_xlabel(STEPS_LABEL)
    panel_labels([left, right])
    results.save_figure("f10-noise", drawn, ["noise"])
