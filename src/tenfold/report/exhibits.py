"""The figures and tables of a paper, and the tables that the report adds: all test metrics beside the reported ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from tenfold.config import DataKind, PaperConfig, Shown
from tenfold.errors import ResultError
from tenfold.results import DATASETS_KEY, Results
from tenfold.tables import comparison_table, table_html

PIXELS_PER_INCH = 118
"""How large figures are shown: a column-wide figure comes out about 400 CSS pixels wide."""


SPLITS_SHOWN = 4
"""A paper with more splits than this (a sweep, say) has a table of its test split only."""


@dataclass(frozen=True)
class FigureView:
    """A figure that the paper declares; `png` is None when it has not been made."""

    name: str
    shown: Shown
    png: Path | None
    pdf: Path | None
    width: int = 0
    height: int = 0
    display_width: int = 0
    datasets: list[tuple[str, DataKind]] = field(default_factory=list)
    """Label and kind of each data set in the figure."""
    film: FilmView | None = None


@dataclass(frozen=True)
class FilmView:
    """The moving form of a figure."""

    gif: Path
    width: int
    height: int


@dataclass(frozen=True)
class TableView:
    """A table; `html` is None when it has not been made. `files` are copied beside the page."""

    name: str
    title: str
    caption: str
    source: str
    html: Markup | None
    files: list[Path] = field(default_factory=list)


def figure_views(results: Results) -> list[FigureView]:
    """Every figure that the paper's YAML declares, made or not."""
    return [_figure(results, name, shown) for name, shown in results.paper.figures.items()]


def _figure(results: Results, name: str, shown: Shown) -> FigureView:
    from PIL import Image, UnidentifiedImageError

    png, pdf, gif = (results.directory / "figures" / f"{name}.{ending}" for ending in ("png", "pdf", "gif"))
    try:
        with Image.open(png) as image:
            width, height = image.size
            inches = width / (image.info.get("dpi") or (220, 220))[0]
            slugs = str(image.info.get(DATASETS_KEY, "")).split()
    except (OSError, UnidentifiedImageError):
        return FigureView(name, shown, None, pdf if pdf.is_file() else None)
    known = [(results.label(slug), results.kind(slug)) for slug in slugs if slug in results.paper.datasets]
    display = round(inches * PIXELS_PER_INCH)
    return FigureView(name, shown, png, pdf if pdf.is_file() else None, width, height, display, known, _film(gif))


def _film(gif: Path) -> FilmView | None:
    """None where there is none, or it is damaged."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(gif) as image:
            return FilmView(gif, *image.size)
    except (OSError, UnidentifiedImageError):
        return None


def table_views(paper: PaperConfig, directory: Path) -> list[TableView]:
    """Every table that the paper's YAML declares, made or not."""
    views = []
    for name, shown in paper.tables.items():
        html, csv = (directory / "tables" / f"{name}.{ending}" for ending in ("html", "csv"))
        content = Markup(html.read_text(encoding="utf-8")) if html.is_file() else None
        views.append(TableView(name, shown.title, shown.caption, shown.source, content, [csv] if csv.is_file() else []))
    return views


@dataclass(frozen=True)
class MeasuredView:
    """Every metric of a paper, beside the reported numbers: a table for each split."""

    splits: list[str]
    tables: list[tuple[str, Markup]]
    """Split and its table; only the test split where there are too many splits to show."""


def measured_view(results: Results) -> MeasuredView | None:
    """Tables of all that is measured; None while nothing is. Raises ResultError when metrics.csv is damaged."""
    if not (results.directory / "metrics.csv").is_file() or results.metrics.empty:
        return None
    splits = sorted(results.metrics["split"].unique(), key=lambda split: (split != "test", split))
    shown = splits if len(splits) <= SPLITS_SHOWN else [split for split in splits if split == "test"]
    caption = "Split {}: mean ± standard deviation over seeds"
    return MeasuredView(
        splits,
        [(name, Markup(table_html(comparison_table(results, split=name), caption.format(name)))) for name in shown],
    )


def reported_only_table(results: Results) -> Markup | None:
    """The reported numbers on data sets that have no measurement here; None when there are none."""
    import pandas as pd

    try:
        measured = set(results.metrics["dataset"])
    except ResultError:
        measured = set()
    shown = [
        (
            results.label(row.dataset),
            row.label or results.method_title(row.method),
            results.paper.metrics[row.metric].title + ("" if row.split == "test" else f" ({row.split})"),
            format(row.value, results.paper.metrics[row.metric].format),
            row.origin,
        )
        for row in results.paper.reported
        if row.dataset not in measured
    ]
    if not shown:
        return None
    frame = pd.DataFrame(shown, columns=["data set", "method", "metric", "reported", "origin"])
    frame = frame.set_index(["data set", "method"])
    return Markup(table_html(frame, "Reported numbers on data sets that were not run"))
