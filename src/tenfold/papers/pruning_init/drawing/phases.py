"""Figures of the theory's grid: phase diagram, collapse, coefficients, masks compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.pruning_init.cells import TRUSTED_STEPS
from tenfold.papers.pruning_init.drawing.grids import Grid, crossing, grid_of
from tenfold.papers.pruning_init.theory.thresholds import lower_keep, upper_keep
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIGNAL, NOISE = plotting.PALETTE[2], plotting.PALETTE[0]
REGIMES = ((0.1, 1.0), (0.2, 1.0), (0.2, 0.1), (0.4, 0.01))
"""Noise and keep rate: easy and dense; misled; rescued by pruning; over-pruned."""
OVER_PRUNED = (0.16, 0.00109)
"""The last of them at the keep rate of the paper's second theorem, in many dimensions."""


def phase_diagram(grid: Grid) -> Figure:
    """Error by keep rate and noise, with what is predicted."""
    figure, ax = plotting.figure("full", height=3.9)
    error = grid.error.mean(axis=0).T  # (noise levels, keep rates)
    mesh = ax.pcolormesh(
        _edges(grid.keep), _edges(grid.noise), error, cmap="viridis_r", vmin=0, vmax=grid.chance, rasterized=True
    )
    figure.colorbar(mesh, ax=ax, label="test error (mean over seeds)", pad=0.01)
    _mark(ax, grid, grid.arrays["steps"].mean(axis=0) <= TRUSTED_STEPS, "o", "at most 20 steps")
    _mark(ax, grid, np.asarray(grid.arrays["cut-off"].any(axis=0)), "x", "cut off at the last step in some seeds")
    lowest, highest = _edges(grid.noise).min(), _edges(grid.noise).max()
    noise = np.geomspace(lowest, highest, 200)
    power, filters = grid.settings["power"], grid.settings["filters"]
    line = {"color": plotting.PALETTE[0], "linewidth": 1.8}
    if power > 2:
        keep = [
            upper_keep(grid.per_class, grid.settings["signal"], sd, grid.prepare["dimension"], power) for sd in noise
        ]
        ax.plot(keep, noise, linestyle="-", label=r"upper threshold $n_k^{2/q}\mu^2/(\sigma_n^2 d)$", **line)
        ratio = [crossing(grid.keep, median_ratio(grid)[:, level], 1.0) for level in range(len(grid.noise))]
        shown = [(keep, sd) for keep, sd in zip(ratio, grid.noise, strict=True) if keep and np.isfinite(keep)]
        if shown:
            ax.plot(
                *zip(*shown, strict=True), linestyle=(0, (3, 1.5)), marker="s", label="initial network: ratio 1", **line
            )
    ax.axvline(lower_keep(filters), linestyle=":", label=r"lower threshold $(1-keep/2)^m=1/2$", **line)
    ax.set(xscale="log", yscale="log", xlabel="share of weights kept", ylabel=r"noise $\sigma_n$")
    ax.set_xlim(_edges(grid.keep).min(), _edges(grid.keep).max())
    ax.set_ylim(lowest, highest)
    plain_ticks(ax, "x", grid.keep)
    plain_ticks(ax, "y", grid.noise)
    ax.grid(visible=False)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def median_ratio(grid: Grid) -> np.ndarray:
    """(keep rates, noise levels) median over seeds of the ratio of blow-up times; infinite where most lose a class."""
    return np.median(grid.arrays["ratio"], axis=0)


def _mark(ax: Axes, grid: Grid, where: np.ndarray, marker: str, label: str) -> None:
    from matplotlib.patheffects import withStroke

    columns, rows = np.nonzero(where)
    if columns.size:
        outline = [withStroke(linewidth=2, foreground="black")]
        ax.plot(
            grid.keep[columns], grid.noise[rows], marker, markersize=4, markerfacecolor="none", markeredgewidth=0.9,
            markeredgecolor="white", label=label, linestyle="none", path_effects=outline,
        )  # fmt: skip


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges of cells around `values` on a logarithmic axis, one more than values."""
    logs = np.log(values)
    if len(logs) == 1:
        return np.exp(np.array([logs[0] - 0.3, logs[0] + 0.3]))
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[2 * logs[0] - middle[0]], middle, [2 * logs[-1] - middle[-1]]]))


def plain_ticks(ax: Axes, axis: str, values: np.ndarray, most: int = 8) -> None:
    """Ticks at some of the grid's own values, written plainly."""
    chosen = values[:: max(1, int(np.ceil(len(values) / most)))]
    getattr(ax, f"set_{axis}ticks")(chosen, [f"{value:g}" for value in chosen])
    getattr(ax, f"set_{axis}ticks")([], minor=True)


def collapse(grid: Grid) -> Figure:
    """Error of every run by the ratio of blow-up times."""
    figure, ax = plotting.figure("full", height=3.2)
    ratio, error = grid.arrays["ratio"], grid.error
    finite = np.isfinite(ratio)
    largest = float(ratio[finite].max()) if finite.any() else 10.0
    lost = largest * 6
    spread = np.random.default_rng(0).uniform(0.75, 1.35, size=ratio.shape)
    shades = _shades(len(grid.noise))
    for level, noise in enumerate(grid.noise):
        place = np.where(finite, ratio, lost * spread)[:, :, level]
        ax.plot(
            place.ravel(), error[:, :, level].ravel(), "o", color=shades[level], markersize=3, alpha=0.6,
            markeredgewidth=0, label=f"{noise:g}",
        )  # fmt: skip
    ax.axvline(1, color=plotting.GREY, linewidth=0.8)
    ax.axvline(largest * 2.3, color=plotting.GREY, linewidth=0.8, linestyle=":")
    ax.set(xscale="log", xlabel="blow-up time of the signal / blow-up time of the noise, before training")
    ax.set_ylabel("test error after training")
    ticks = [tick for tick in 10.0 ** np.arange(-4, 7) if ratio[finite].min(initial=1) / 3 < tick < largest * 2]
    ax.set_xticks([*ticks, lost], [*(f"{tick:g}" for tick in ticks), "infinite"])
    ax.set_xticks([], minor=True)
    figure.legend(title=r"noise $\sigma_n$", loc="outside right upper")
    return figure


def _shades(count: int) -> list[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](share)) for share in np.linspace(0, 0.92, count)]


def coefficients(grid: Grid, wide: Grid | None = None) -> Figure:
    """Signal and noise coefficients by iteration in four regimes, and over-pruned in many dimensions where that ran."""
    cells = [(grid, *regime) for regime in REGIMES] + ([(wide, *OVER_PRUNED)] if wide else [])
    figure, axes = plotting.figure("full", ncols=len(cells), height=2.1, sharey=True)
    for ax, (shown, noise, keep) in zip(axes, cells, strict=True):
        _coefficients(ax, shown, *shown.nearest(noise, keep))
    axes[0].set_ylabel("largest coefficient")
    axes[0].set_ylim(bottom=0, top=2.6)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _coefficients(ax: Axes, grid: Grid, column: int, row: int) -> None:
    """One cell: means and ranges over seeds until the last seed stopped."""
    steps = grid.arrays["curve/step"]
    last = int(grid.arrays["steps"][:, column, row].max())
    shown = (steps > 0) & (steps <= max(last, 3))
    for name, colour in (("signal", SIGNAL), ("noise", NOISE)):
        curves = grid.arrays[f"curve/{name}-coefficient"][:, column, row][:, shown]
        ax.plot(steps[shown], curves.mean(axis=0), color=colour, label=name)
        ax.fill_between(steps[shown], curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    error = grid.error[:, column, row].mean()
    where = rf"$\sigma_n$ = {grid.noise[row]:g}, d = {grid.prepare['dimension']:,}"
    ax.set_title(f"keep {grid.keep[column]:g}\n{where}", fontsize=6.5)
    ax.text(0.04, 0.96, f"test error {error:.2f}", transform=ax.transAxes, va="top", fontsize=6.5)
    ax.set(xscale="log", xlabel="step")


def arms(results: Results, dataset: str, noise: float = 0.2) -> Figure | None:
    """Error by keep rate for each mask rule at one noise level."""
    found = {method: grid_of(results, dataset, method) for method in results.paper.methods}
    grids = {method: grid for method, grid in found.items() if grid is not None}
    if not grids:
        return None
    figure, ax = plotting.figure("full", height=2.9)
    for method, grid in grids.items():
        _, row = grid.nearest(noise, 1.0)
        error, look = grid.error[:, :, row], results.styles[method]
        spread = error.std(axis=0, ddof=1) / np.sqrt(len(error)) if len(error) > 1 else np.zeros(error.shape[1])
        ax.errorbar(
            grid.keep, error.mean(axis=0), spread, label=results.method_title(method), capsize=1.5, elinewidth=0.7,
            marker=look.marker, **look.line,
        )  # fmt: skip
    ax.set(xscale="log", xlabel="share of weights kept", ylabel="test error")
    ax.invert_xaxis()
    plain_ticks(ax, "x", grid.keep)
    ax.set_title(f"noise {grid.noise[row]:g}")
    ax.set_ylim(bottom=-0.02)
    figure.legend(loc="outside right upper")
    return figure
