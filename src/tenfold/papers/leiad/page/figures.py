"""The plot of the window that is asked about: what the browser draws is what stands here."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenfold.papers.leiad.page.drawing import (
    ANOMALY,
    INK,
    KNOWN,
    MODEL,
    QUIET,
    band,
    labelled_bands,
    layout,
    line,
    place_axis,
    points,
    row_name,
    times,
    vertical,
    y_axis,
)
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.state import Query

COLOURS = ("#3b6ea5", "#00705c", "#8a6d1d", "#7b4fa3", "#a3452f", "#4d6d1f")
NAMES = {
    "isolation-forest": "isolation forest",
    "spectral-residual": "spectral residual",
    "random-cut-forest": "random cut forest",
    "ts2vec": "TS2Vec distance",
}
CONTEXT = 600
"""Points drawn before and after the window."""
SHOWN_CONTEXT = 0.2
"""Share of the window's width that is in sight on either side at first."""
ROW, VALUES, MARGINS = 40, 300, 70
"""Heights in pixels: a detector's row, the values, title and scale."""
WINDOW, MARKED, CURSOR = 1, 3, 4
"""Places of traces that the page's script reads or moves, and of the cursor's line among the shapes."""
CURSOR_SHAPE = 3


def window_figure(pool: Pool, query: Query, gold: np.ndarray) -> dict[str, Any]:
    """The queried window with its context, and the detectors' scores below on the same axis.

    x is the place in the series. The end model's score is not shown: a label should not echo the model that learns
    from it. `layout.meta` says what the page's script needs: which traces and shapes to move, the window's bounds, and
    the places whose label is known already.
    """
    offset, end = (int(place) for place in pool.offsets[query.series : query.series + 2])
    shown = slice(max(offset, query.start - CONTEXT), min(end, query.stop + CONTEXT))
    first, last, centre = query.start - offset, query.stop - 1 - offset, query.centre - offset
    known = first + np.flatnonzero(gold[query.start : query.stop] >= 0)
    names, scores = detectors_of(pool, shown)
    heights = [VALUES, *[ROW] * len(names)]
    tops = (1 - np.concatenate([[0], np.cumsum(heights)]) / sum(heights)).tolist()
    axes = {"yaxis": y_axis(tops[1] + 0.02, 1.0)}
    for row in range(1, len(names) + 1):
        axes[f"yaxis{row + 1}"] = y_axis(
            tops[row + 1] + 0.008, tops[row] - 0.008,
            range=[0, 1.05], fixedrange=True, tickvals=[0, 1], tickfont={"size": 9, "color": QUIET},
        )  # fmt: skip
    margin = SHOWN_CONTEXT * (query.stop - query.start)
    arranged = layout(sum(heights) + MARGINS) | axes | {
        "xaxis": place_axis(
            f"y{len(names) + 1}", max(first - margin, -1), min(last + margin, end - offset),
            minallowed=-5, maxallowed=end - offset + 4,
        ),
        "shapes": [
            band(0, first - 0.5), band(last + 0.5, end - offset),
            vertical(centre, ANOMALY, "dash"), vertical(centre, MODEL, "solid"),
            *labelled_bands(known),
        ],
        "annotations": [
            row_name("value", (tops[1] + 1) / 2),
            *(row_name(name, (top + bottom) / 2) for name, top, bottom in zip(names, tops[1:], tops[2:], strict=False)),
            {"x": centre, "y": 1, "yref": "paper", "yanchor": "bottom", "text": "asked about", "showarrow": False,
             "font": {"size": 11, "color": ANOMALY}},
        ],
        "dragmode": "select",
        "uirevision": f"{query.series}-{query.centre}",
        "meta": {
            "window": WINDOW, "marked": MARKED, "cursor": CURSOR, "cursorShape": CURSOR_SHAPE,
            "first": first, "last": last, "centre": centre, "known": known.tolist(),
        },
    }  # fmt: skip
    return {"data": _traces(pool, query, gold, shown, names, scores), "layout": arranged}


def _traces(
    pool: Pool, query: Query, gold: np.ndarray, shown: slice, names: list[str], scores: np.ndarray
) -> list[dict[str, Any]]:
    offset = int(pool.offsets[query.series])
    places = np.arange(shown.start, shown.stop) - offset
    values, hover = pool.values[shown], times(pool.timestamps[shown])
    inside = slice(query.start - shown.start, query.stop - shown.start)
    found = query.start + np.flatnonzero(gold[query.start : query.stop] == 1)
    window = line("window", places[inside], values[inside], hover[inside], INK, 1.5)
    window |= {"mode": "lines+markers", "marker": {"size": 4, "color": INK}, "unselected": {"marker": {"opacity": 1}}}
    traces = [
        line("context", places, values, hover, "#9aa0a6"),
        window,
        points("known anomaly", found - offset, pool.values[found], KNOWN, "diamond-open"),
        points("marked", [], [], ANOMALY),
        points("cursor", [], [], MODEL, "circle-open", 15),
    ]
    for row, name in enumerate(names, start=1):
        colour = COLOURS[(row - 1) % len(COLOURS)]
        traces.append(
            line(name, places, np.round(scores[:, row - 1], 3), hover, colour)
            | {"yaxis": f"y{row + 1}", "fill": "tozeroy", "fillcolor": colour + "26",
               "hovertemplate": f"{name} %{{y:.2f}}<extra></extra>"}
        )  # fmt: skip
    return traces


def detectors_of(pool: Pool, shown: slice) -> tuple[list[str], np.ndarray]:
    """Names for people and scores (n, D + 1) of all detectors, TS2Vec's distance last."""
    names = [NAMES.get(name, name) for name in (*pool.detectors, "ts2vec")]
    return names, np.concatenate([pool.scores[shown], pool.deviation[shown, None]], axis=1)
