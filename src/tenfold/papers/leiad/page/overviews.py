"""Plots of what was learnt: one whole series with its alerts, and the learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tenfold.papers.leiad.page.drawing import (
    ANOMALY,
    INK,
    KNOWN,
    LABELS,
    MODEL,
    QUIET,
    RULE,
    horizontal,
    labelled_bands,
    layout,
    line,
    place_axis,
    points,
    row_name,
    thinned,
    times,
    y_axis,
)
from tenfold.papers.leiad.page.session import Answer
from tenfold.papers.leiad.pool import Pool

RECENT = 5
"""Windows of the running mean."""
TRUTH_NAMES = {"unlabelled_ap": "true AP, points you have not labelled", "test_ap": "true AP, test series"}


def series_figure(
    pool: Pool, series: int, scores: np.ndarray | None, gold: np.ndarray | None, bound: float | None
) -> dict[str, Any]:
    """A whole series with the model's score, the bound of alerts, and the windows that were labelled."""
    window = slice(int(pool.offsets[series]), int(pool.offsets[series + 1]))
    values, hover = pool.values[window], times(pool.timestamps[window])
    shown = thinned(values)
    traces = [line("value", shown, values[shown], hover[shown], INK)]
    shapes: list[dict[str, Any]] = []
    if gold is not None:
        marked = np.flatnonzero(gold[window] == 1)
        traces.append(points("your anomalies", marked, values[marked], ANOMALY, size=6))
        shapes += labelled_bands(np.flatnonzero(gold[window] >= 0))
    highest = 0.0
    if scores is not None:
        score = scores[window]
        highest = float(score.max())
        kept = thinned(score)
        traces.append(
            line("model's score", kept, np.round(score[kept], 4), hover[kept], MODEL)
            | {"yaxis": "y2", "fill": "tozeroy", "fillcolor": MODEL + "26"}
        )
    if bound is not None:
        shapes.append(horizontal(bound, ANOMALY, "y2"))
    arranged = layout(300) | {
        "xaxis": place_axis("y2", -1, len(values)),
        "yaxis": y_axis(0.34, 1.0),
        "yaxis2": y_axis(0.0, 0.28, range=[0, max(1.05 * highest, 1e-3)]),
        "shapes": shapes,
        "annotations": [row_name("value", 0.67), row_name("model's score", 0.14)],
        "dragmode": "pan",
    }
    return {"data": traces, "layout": arranged}


def curve_figure(
    answers: Sequence[Answer], curve: Sequence[dict[str, float]], truth: Sequence[str] = ()
) -> dict[str, Any]:
    """What the models have learnt, against the number of windows shown.

    Without true labels: how well the models' scores told the marked points of a window from its others *before* they
    learnt of its labels, and the mean of the last windows with marks. `truth` names columns of the curve (such as
    `unlabelled_ap`) to add; they need the benchmark's labels.
    """
    traces: list[dict[str, Any]] = []
    for key, name, colour in (("model", "end model", MODEL), ("label_model", "label model", LABELS)):
        found = [(place, getattr(answer, key)) for place, answer in enumerate(answers, start=1)]
        x = [place for place, value in found if value is not None]
        y = [value for _, value in found if value is not None]
        mean = [round(float(np.mean(y[max(0, place - RECENT + 1) : place + 1])), 4) for place in range(len(y))]
        traces.append(_curve(f"{name}, one window", x, y, colour, mode="markers", opacity=0.45, showlegend=False))
        traces.append(_curve(name, x, mean, colour, mode="lines+markers"))
    for column, dash in zip(truth, ("solid", "dot"), strict=False):
        rows = [row for row in curve if column in row]
        x, y = [int(row["interactions"]) for row in rows], [round(row[column], 4) for row in rows]
        trace = _curve(TRUTH_NAMES.get(column, column), x, y, KNOWN, mode="lines+markers")
        trace["line"]["dash"] = dash
        traces.append(trace)
    arranged = layout(260) | {
        "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
        "xaxis": {"range": [0, max(10, len(answers) + 1)], "title": {"text": "windows shown", "standoff": 6},
                  "gridcolor": RULE, "zeroline": False, "tickformat": ",d"},
        "yaxis": {"range": [0, 1.03], "gridcolor": RULE, "zeroline": False, "tickformat": ".1f"},
        "shapes": [horizontal(0.5, QUIET)],
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        "dragmode": False,
    }  # fmt: skip
    return {"data": traces, "layout": arranged}


def _curve(name: str, x: list[int], y: list[float], color: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "scatter", "name": name, "x": x, "y": y, "line": {"color": color, "width": 2},
        "marker": {"size": 5, "color": color}, "hovertemplate": "%{x} windows: %{y:.3f}",
    } | more  # fmt: skip
