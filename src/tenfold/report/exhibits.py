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

    png, pdf = (results.directory / "figures" / f"{name}.{ending}" for ending in ("png", "pdf"))
    try:
        with Image.open(png) as image:
            width, height = image.size
            inches = width / (image.info.get("dpi") or (220, 220))[0]
            slugs = str(image.info.get(DATASETS_KEY, "")).split()
    except (OSError, UnidentifiedImageError):
        return FigureView(name, shown, None, pdf if pdf.is_file() else None)
    known = [(results.label(slug), results.kind(slug)) for slug in slugs if slug in results.paper.datasets]
    display = round(inches * PIXELS_PER_INCH)
    return FigureView(name, shown, png, pdf if pdf.is_file() else None, width, height, display, known)


def table_views(paper: PaperConfig, directory: Path) -> list[TableView]:
    """Every table that the paper's YAML declares, made or not."""
    views = []
    for name, shown in paper.tables.items():
        html, csv = (directory / "tables" / f"{name}.{ending}" for ending in ("html", "csv"))
        content = Markup(html.read_text(encoding="utf-8")) if html.is_file() else None
        views.append(TableView(name, shown.title, shown.caption, shown.source, content, [csv] if csv.is_file() else []))
    return views


def measured_table(results: Results) -> Markup | None:
    """Every test metric of every method, beside the reported numbers; None while nothing is measured.

    Raises ResultError when metrics.csv is damaged.
    """
    if not (results.directory / "metrics.csv").is_file():
        return None
    frame = comparison_table(results)
    if frame.empty:
        return None
    return Markup(table_html(frame, "All test metrics: mean ± standard deviation over seeds"))


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
