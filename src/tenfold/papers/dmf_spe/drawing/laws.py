"""Figures of laws and maps: escape times, stage counts, learning rates, optimisers, completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.papers.dmf_spe import oracle
from tenfold.papers.dmf_spe.drawing.results import DEPTH_COLOURS, INIT_MARKERS, metrics_of, runs_of
from tenfold.plotting import GREY, PALETTE, figure, panel_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from tenfold.results import Results


def escape_law(results: Results) -> None:
    """Escape steps over 1 / sigma, over alpha, and against the flow integral."""
    runs = [pair for pair in runs_of(results, "escape-421", "escape-law") if pair[0].depth > 1]
    if not runs:
        return
    drawn, axes = figure("full", height=2.5, ncols=3)
    over_sigma, over_scale, against = axes
    for depth in sorted({run.depth for run, _ in runs}):
        own = [pair for pair in runs if pair[0].depth == depth]
        colour = DEPTH_COLOURS[depth]
        scales = sorted({run.scale for run, _ in own})
        rates, sigma = own[0][0].step_size, own[0][0].sigma
        middle = scales[len(scales) // 2]
        fine = np.geomspace(sigma[-1], sigma[0], 60)
        line = oracle.escape_times(middle, fine, depth) / rates
        over_sigma.loglog(1 / fine, line, color=colour, label=rf"depth {depth}, $\alpha$ = {middle:g}")
        fine = np.geomspace(scales[0], scales[-1], 60)
        over_scale.loglog(fine, [oracle.escape_times(a, sigma[-1:], depth)[0] / rates for a in fine], color=colour)
        for run, found in own:
            look = {"color": colour, "marker": INIT_MARKERS[run.init], "linestyle": "none", "markersize": 3}
            look |= {} if run.init == "aligned" else {"markerfacecolor": "none", "markeredgewidth": 0.6}
            if run.scale == middle:
                over_sigma.plot(1 / run.sigma, found.times, **look)
            over_scale.plot([run.scale], found.times[-1:], **look)
            against.loglog(run.predicted_steps(), found.times, **look)
    ends = np.array(against.get_xlim())
    against.plot(ends, ends, color=GREY, linewidth=0.8, zorder=0)
    for init, marker in INIT_MARKERS.items():
        fill = GREY if init == "aligned" else "none"
        over_scale.plot([], [], color=GREY, marker=marker, markerfacecolor=fill, linestyle="none", label=init)
    over_sigma.set_xlabel("1 / singular value")
    over_sigma.set_ylabel("escape step")
    over_sigma.set_ylim(top=over_sigma.get_ylim()[1] * 12)
    over_sigma.set_xticks([0.25, 0.5, 1], ["1/4", "1/2", "1"])
    over_sigma.minorticks_off()
    over_sigma.legend(loc="upper left")
    over_scale.set_xlabel(r"initial scale $\alpha$")
    over_scale.set_ylabel("last escape step")
    over_scale.set_ylim(bottom=over_scale.get_ylim()[0] / 6)
    over_scale.legend(loc="lower left")
    against.set_xlabel("flow prediction (steps)")
    against.set_ylabel("measured (steps)")
    panel_labels(axes)
    results.save_figure("f5-escape-law", drawn, ["escape-421"])


def stage_map(results: Results) -> None:
    """Heat maps of the peak count over initial scale and gap."""
    dataset = next((name for name in ("gaps-fine", "gaps") if runs_exist(results, name, "stage-map")), None)
    if dataset is None:
        return
    frame = metrics_of(results, dataset, "stage-map", ["peaks"], ["target", "depth", "init", "scale"])
    frame["gap"] = frame["target"].str.removeprefix("gap-").astype(float)
    cells = sorted(set(zip(frame["depth"], frame["init"], strict=True)))
    drawn, axes = figure("full", height=1.9 * -(-len(cells) // 2) + 0.2, ncols=2, nrows=-(-len(cells) // 2))
    for ax, (depth, init) in zip(np.atleast_1d(axes), cells, strict=False):
        _heat_map(ax, frame[(frame["depth"] == depth) & (frame["init"] == init)])
        ax.set_title(f"depth {depth:.0f}, {init}")
    panel_labels(np.atleast_1d(axes))
    results.save_figure("f6-stage-map", drawn, [dataset])


def runs_exist(results: Results, dataset: str, method: str) -> bool:
    """Whether a method was run on a data set."""
    return any((run.dataset, run.method) == (dataset, method) for run in results.runs())


def _heat_map(ax: Axes, frame: pd.DataFrame) -> None:
    table = frame.pivot_table(index="scale", columns="gap", values="peaks").sort_index()
    counts = table.to_numpy()
    ax.imshow(counts, origin="lower", aspect="auto", vmin=0, vmax=2.6, cmap="YlGnBu")
    for row, column in np.ndindex(counts.shape):
        count = float(counts[row, column])
        text = f"{count:.0f}" if count.is_integer() else f"{count:.1f}"
        ax.text(column, row, text, ha="center", va="center", color="white" if count > 1.6 else "black", fontsize=6.5)
    ax.set_xticks(range(table.shape[1]), [f"{gap:g}" for gap in table.columns])
    ax.set_yticks(range(table.shape[0]), [f"{scale:g}" for scale in table.index])
    ax.grid(visible=False)
    ax.set_xlabel(r"gap $\sigma_1 / \sigma_2$")
    ax.set_ylabel(r"initial scale $\alpha$")


def learning_rates(results: Results) -> None:
    """Escape steps and final loss around the stability limit."""
    metrics = ["escape_step_1", "escape_step_3", "final_loss"]
    frame = metrics_of(results, "escape-421", "learning-rates", metrics, ["depth", "rate"])
    if frame.empty:
        return
    drawn, (left, right) = figure("full", height=2.5, ncols=2)
    for depth in sorted(set(frame["depth"])):
        own = frame[frame["depth"] == depth]
        colour = DEPTH_COLOURS[int(depth)]
        _points_with_range(left, own, "rate", "escape_step_3", colour, f"depth {depth:.0f}")
        _points_with_range(right, own, "rate", "final_loss", colour, f"depth {depth:.0f}")
        mean = own.groupby("rate")["escape_step_3"].mean()
        left.plot(mean.index, mean.iloc[0] * mean.index[0] / mean.index, color=GREY, linewidth=0.7, linestyle=":")
    for ax in (left, right):
        ax.axvline(1, color=GREY, linestyle=(0, (4, 2)), linewidth=0.9)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel("learning rate / stability limit")
        ax.legend()
    left.set_ylabel("last escape step")
    right.set_ylabel("loss at the end")
    panel_labels([left, right])
    results.save_figure("f7-learning-rates", drawn, ["escape-421"])


def optimisers(results: Results) -> None:
    """Escape steps of RMSProp and gradient descent."""
    steps = [f"escape_step_{i}" for i in (1, 2, 3)]
    drawn, (left, right) = figure("full", height=2.5, ncols=2)
    empty = True
    for method, depth, dash in (
        ("gd-l2", 2, "-"), ("gd-l3", 3, "-"), ("rmsprop-l2", 2, (0, (4, 2))), ("rmsprop-l3", 3, (0, (4, 2))),
    ):  # fmt: skip
        frame = metrics_of(results, "rank-3", method, steps)
        if frame.empty:
            continue
        empty = False
        times = frame[steps].to_numpy()
        gaps = (
            np.column_stack([times[:, 1] - times[:, 0], times[:, 2] - times[:, 1]])
            / (times[:, 2] - times[:, 0])[:, None]
        )
        offset = {"gd-l2": -0.09, "gd-l3": -0.03, "rmsprop-l2": 0.03, "rmsprop-l3": 0.09}[method]
        title = results.method_title(method)
        for gap in gaps:
            left.plot(
                np.array([1, 2]) + offset, gap, color=DEPTH_COLOURS[depth], linestyle=dash, marker="o", label=title
            )
            title = "_repeated"
    left.axhline(0.5, color=GREY, linewidth=0.7, linestyle=":")
    left.set_xticks([1, 2], ["$T_2 - T_1$", "$T_3 - T_2$"])
    left.set_xlim(0.7, 2.3)
    left.set_ylim(0, 1.0)
    left.set_ylabel("share of $T_3 - T_1$")
    left.legend(loc="upper left", handlelength=3.2)
    frame = metrics_of(results, "rank-3", "rmsprop-rates", steps, ["depth", "rate"])
    if not frame.empty:
        empty = False
        for depth in sorted(set(frame["depth"])):
            own = frame[frame["depth"] == depth]
            for i, dash in ((1, ":"), (2, "--"), (3, "-")):
                label = f"depth {depth:.0f}, $T_{i}$"
                _points_with_range(right, own, "rate", f"escape_step_{i}", DEPTH_COLOURS[int(depth)], label, dash)
        right.set_xscale("log")
        right.set_yscale("log")
        right.set_ylim(bottom=0.8)
        right.legend(ncols=2, handlelength=3.2)
    right.set_xlabel("learning rate of RMSProp")
    right.set_ylabel("escape step")
    if not empty:
        panel_labels([left, right])
        results.save_figure("f8-optimisers", drawn, ["rank-3"])


def completion(results: Results) -> None:
    """Completion error by depth and initial scale, with the classical baselines."""
    drawn, ax = figure("column", height=2.8)
    empty = True
    for method, depth in (("gd-l2", 2), ("gd-l3", 3), ("gd-l4", 4)):
        frame = metrics_of(results, "completion", method, ["relative_error"], ["scale"])
        if not frame.empty:
            empty = False
            title = results.method_title(method)
            _points_with_range(ax, frame, "scale", "relative_error", DEPTH_COLOURS[depth], title)
    for method, colour in (("zero-fill", GREY), ("truncated-svd", PALETTE[6]), ("soft-impute", PALETTE[3])):
        frame = metrics_of(results, "completion", method, ["relative_error"])
        if not frame.empty:
            empty = False
            errors = frame["relative_error"]
            ax.axhline(errors.mean(), color=colour, linestyle=(0, (4, 2)), label=results.method_title(method))
            ax.axhspan(errors.min(), errors.max(), color=colour, alpha=0.12, linewidth=0)
    if empty:
        return
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(top=40)
    ax.set_xlabel(r"initial scale $\alpha$")
    ax.set_ylabel("relative error, all entries")
    ax.legend(ncols=2, loc="upper left")
    results.save_figure("f9-completion", drawn, ["completion"])


def _points_with_range(
    ax: Axes, frame: pd.DataFrame, x: str, y: str, colour: str, label: str, dash: object = "-"
) -> None:
    """Means over seeds joined by a line, with bars from the smallest to the largest."""
    kept = frame.dropna(subset=[y])
    if kept.empty:
        return
    summary = kept.groupby(x)[y].agg(["mean", "min", "max"])
    bars = np.abs(summary[["min", "max"]].to_numpy().T - summary["mean"].to_numpy())
    ax.errorbar(
        summary.index, summary["mean"], yerr=bars, color=colour, linestyle=dash, marker="o", elinewidth=0.8, label=label
    )
