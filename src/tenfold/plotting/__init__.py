"""One look for every paper's figures: sizes, colours, and the two kinds of plot that all of them need.

Figures are made with matplotlib's object-oriented interface, so nothing here touches pyplot or its global figures.
Type and line settings are read by matplotlib whenever an artist is made; `style()` holds them for the length of a
block, and the figures stage wraps a whole paper in one:

    with style():
        drawn, (left, right) = figure("full", ncols=2)
        learning_curve(left, frame, value="loss", styles=results.styles)

seaborn functions may be used inside such a block with `ax=`.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tenfold.config import PaperConfig

Width = Literal["column", "full"]

WIDTHS_IN: Mapping[Width, float] = {"column": 3.4, "full": 7.0}
"""Figure widths in inches: one column and the full text width of a two-column paper."""

GREY = "#595959"
PALETTE = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5C2E", "#000000")
"""Okabe & Ito's colour-blind safe colours, without their yellow (too faint for lines on white) and with a brown."""

_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "axes.labelpad": 3,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.borderaxespad": 0.3,
    "figure.titlesize": 8.5,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.linewidth": 0.6,
    "axes.edgecolor": GREY,
    "axes.labelcolor": "#1a1a1a",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-4, 5),
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "#1a1a1a",
    "ytick.labelcolor": "#1a1a1a",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "patch.linewidth": 0.5,
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "savefig.dpi": 220,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # text stays text: searchable, and accepted by publishers
    "svg.fonttype": "none",
    "svg.hashsalt": "tenfold",  # otherwise the ids inside an SVG are random
}


@contextmanager
def style() -> Iterator[None]:
    """The project's matplotlib settings for the length of a `with` block; the caller's settings come back after it."""
    import matplotlib
    from cycler import cycler

    settings: Any = {**STYLE, "axes.prop_cycle": cycler(color=PALETTE)}
    with matplotlib.rc_context(settings):
        yield


def figure(
    width: Width = "column", height: float | None = None, ncols: int = 1, nrows: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure and its axes: one `Axes` where there is one panel, else a list of them, row by row.

    `height` is in inches; left out, every panel is about 3 wide to 2 high. `subplots` goes to `Figure.subplots`
    (sharex, sharey, width_ratios ...). Raises ValueError for an unknown width.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if width not in WIDTHS_IN:
        raise ValueError(f"width is {width!r}, must be one of {', '.join(WIDTHS_IN)}")
    inches = WIDTHS_IN[width]
    with style():
        made = Figure(figsize=(inches, height or nrows * (inches / ncols * 0.62 + 0.25)))
        FigureCanvasAgg(made)
        axes = list(made.subplots(nrows, ncols, squeeze=False, **subplots).ravel())
    return made, axes[0] if len(axes) == 1 else axes


# ---------------------------------------------------------------------------------------- one look per method


@dataclass(frozen=True)
class MethodStyle:
    """How one method is drawn in all figures of a paper."""

    colour: str
    dash: Any = "-"
    marker: str = "o"

    @property
    def line(self) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot`."""
        return {"color": self.colour, "linestyle": self.dash}

    @property
    def points(self) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot` or `Axes.errorbar` for marks without a line."""
        return {"color": self.colour, "marker": self.marker, "linestyle": "none"}


def method_styles(paper: PaperConfig) -> dict[str, MethodStyle]:
    """Slug of each method of the paper -> its look. The paper's own methods come first, controls are grey.

    A look depends only on the order in the paper's YAML, so a method keeps it in every figure and at every scale.
    """
    roles = ("method", "baseline", "ablation", "study")
    coloured = [name for role in roles for name, method in paper.methods.items() if method.role == role]
    styles = {name: _style_number(number) for number, name in enumerate(coloured)}
    controls = [name for name in paper.methods if name not in styles]
    for number, name in enumerate(controls):
        styles[name] = MethodStyle(GREY, _DASHES[(number + 1) % len(_DASHES)], _MARKERS[number % len(_MARKERS)])
    return {name: styles[name] for name in paper.methods}


def _style_number(number: int) -> MethodStyle:
    lap, place = divmod(number, len(PALETTE))
    return MethodStyle(PALETTE[place], _DASHES[lap % len(_DASHES)], _MARKERS[(place + lap) % len(_MARKERS)])


# ------------------------------------------------------------------------------------------------ plots


def learning_curve(
    ax: Axes,
    frame: pd.DataFrame,
    *,
    value: str,
    step: str = "step",
    group: str = "method",
    styles: Mapping[str, MethodStyle] | None = None,
    titles: Mapping[str, str] | None = None,
) -> None:
    """One line per group: the mean over seeds at each step, with a band from the lowest to the highest seed.

    `frame` is tidy: one row per group, seed and step. Groups are drawn in order of appearance; values that are not
    finite are left out. A range of more than two orders of magnitude among positive values gets a logarithmic axis.
    """
    import numpy as np

    kept = frame[np.isfinite(frame[value].astype(float))]
    with style():
        for number, (name, rows) in enumerate(kept.groupby(group, sort=False)):
            look = (styles or {}).get(str(name)) or _style_number(number)
            curve = rows.groupby(step)[value].agg(["mean", "min", "max", "count"]).sort_index()
            ax.plot(curve.index, curve["mean"], label=(titles or {}).get(str(name), str(name)), **look.line)
            if (curve["count"] > 1).any():
                ax.fill_between(curve.index, curve["min"], curve["max"], color=look.colour, alpha=0.15, linewidth=0)
        values = kept[value].to_numpy(dtype=float)
        if len(values) and values.min() > 0 and values.max() > 100 * values.min():
            ax.set_yscale("log")
        ax.margins(x=0.02)
        ax.set_xlabel(step)
        ax.set_ylabel(value)


def interval_bars(
    ax: Axes,
    labels: Sequence[str],
    centres: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    *,
    colours: Sequence[str] | str = PALETTE[1],
    reference: float | None = 0.0,
) -> None:
    """Horizontal intervals with their centres, the first label on top, and a line at `reference` (None: no line).

    Raises ValueError when the three sequences differ in length or an interval's ends are the wrong way round.
    """
    if not len(labels) == len(centres) == len(intervals):
        counts = f"{len(labels)} labels, {len(centres)} centres and {len(intervals)} intervals"
        raise ValueError(f"{counts}: there must be equally many")
    if wrong := [label for label, (low, high) in zip(labels, intervals, strict=True) if low > high]:
        raise ValueError(f"the interval of {wrong[0]!r} ends before it starts")
    drawn = [colours] * len(labels) if isinstance(colours, str) else colours
    with style():
        if reference is not None:
            ax.axvline(reference, color=GREY, linewidth=0.8, zorder=1)
        for row, (centre, (low, high), colour) in enumerate(zip(centres, intervals, drawn, strict=True)):
            ax.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt", alpha=0.55, zorder=2)
            ax.plot([centre], [row], "o", color=colour, zorder=3)
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.grid(visible=False, axis="y")


def panel_labels(axes: Iterable[Axes]) -> None:
    """Write a, b, c ... in bold above the left upper corner of each panel."""
    from matplotlib.transforms import ScaledTranslation

    for letter, ax in zip(string.ascii_lowercase, axes, strict=False):
        drawn = ax.get_figure(root=True)
        if drawn is None:
            continue
        corner = ax.transAxes + ScaledTranslation(-14 / 72, 5 / 72, drawn.dpi_scale_trans)
        ax.text(0, 1, letter, transform=corner, fontsize=9, fontweight="bold", va="bottom", ha="right")
