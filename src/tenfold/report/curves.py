"""Learning curves, drawn by the report from the histories of finished runs: one small panel per data set."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenfold.histories import Point, Series, read_series, shown_value
from tenfold.report.work import JobView

if TYPE_CHECKING:
    from tenfold.results import Results


@dataclass(frozen=True)
class CurvesView:
    """The panel of one data set, and what is in it."""

    dataset: str
    label: str
    value: str
    svg: bytes
    methods: list[str] = field(default_factory=list)


def curve_views(results: Results, jobs: Iterable[JobView]) -> list[CurvesView]:
    """A panel for each data set with at least one history of two steps or more."""
    by_dataset: dict[str, list[tuple[str, Series]]] = {}
    for job in jobs:
        history = job.directory / "history.jsonl"
        if job.state == "finished" and history.is_file():
            by_dataset.setdefault(job.dataset, []).append((job.method, read_series(history)))
    views = []
    for dataset, members in by_dataset.items():
        value = shown_value(series for _, series in members)
        shown = [(method, series[value]) for method, series in members if value in series]
        if value is not None and shown:
            methods = [name for name in results.paper.methods if name in {method for method, _ in shown}]
            svg = _draw(results, shown, value)
            views.append(CurvesView(dataset, results.label(dataset), value, svg, methods))
    return views


def _draw(results: Results, shown: list[tuple[str, list[Point]]], value: str) -> bytes:
    import pandas as pd

    from tenfold.plotting import figure, learning_curve, style

    rows = [(method, *point) for method, points in shown for point in points]
    frame = pd.DataFrame(rows, columns=["method", "seed", "step", value])
    with style():
        drawn, ax = figure("column", 2.1)
        learning_curve(ax, frame, value=value, styles=results.styles)
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
