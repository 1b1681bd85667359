"""Learning curves, drawn by the report from the histories of finished runs: one small panel per data set."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.histories import history_rows, logged_values, stage_and_seed
from tenfold.report.work import JobView

if TYPE_CHECKING:
    from tenfold.results import Results

POINTS = 150
"""Steps kept of each curve: more cannot be told apart in a small panel."""

Point = tuple[int, int, float]
"""Seed, step, value."""

Series = dict[str, list[Point]]
"""Name of a logged value -> its curve."""

_NOT_SHOWN = {"epoch", "time", "seconds"}


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


def read_series(path: Path) -> Series:
    """The curves of the run's longest stage, thinned to POINTS steps each; curves of a single step are left out."""
    stages: dict[str, Series] = {}
    with path.open(encoding="utf-8") as file:
        for row in history_rows(file):
            stage, seed = stage_and_seed(row)
            for name, value in logged_values(row).items():
                stages.setdefault(stage, {}).setdefault(name, []).append((seed or 0, row["step"], value))
    if not stages:
        return {}
    longest = max(stages.values(), key=lambda series: max(map(len, series.values())))
    thinned = {name: _thinned(points) for name, points in longest.items()}
    return {name: points for name, points in thinned.items() if len({step for _, step, _ in points}) > 1}


def _thinned(points: list[Point]) -> list[Point]:
    steps = sorted({step for _, step, _ in points})
    wanted = {*steps[:: math.ceil(len(steps) / POINTS)], steps[-1]}
    return [point for point in points if point[1] in wanted]


def shown_value(curves: Iterable[Series]) -> str | None:
    """Which value a panel shows: `loss`, else one with "loss" in its name, else the one that most runs logged."""
    counts = Counter(name for series in curves for name in series if name not in _NOT_SHOWN)
    ranked = sorted(counts, key=lambda name: (name != "loss", "loss" not in name, -counts[name], name))
    return ranked[0] if ranked else None


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
