"""Parts of the page's plots, as plain dictionaries of Plotly: lines, points, axes, bands; and times in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

INK, QUIET, RULE = "#1e2226", "#5b6168", "#dcd7cd"
ANOMALY, KNOWN, MODEL, LABELS = "#b3163a", "#8a6d1d", "#1c4e74", "#00705c"
FONT = {"family": 'system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif', "size": 12, "color": INK}
CLEAR = "rgba(0,0,0,0)"
BUCKETS = 2000
"""A longer series is drawn by the least and the greatest value of each of so many stretches."""
YEAR_2100 = 4_102_444_800


def line(name: str, x: np.ndarray, y: np.ndarray, hover: np.ndarray, color: str, width: float = 1.1) -> dict[str, Any]:
    """A line through points (n,) with a text for each."""
    return {
        "type": "scatter", "name": name, "mode": "lines", "x": x.tolist(), "y": np.round(y.astype(float), 6).tolist(),
        "text": hover.tolist(), "line": {"color": color, "width": width},
        "hovertemplate": "%{text}<br>%{y:.5~g}<extra></extra>",
    }  # fmt: skip


def points(name: str, x: Any, y: Any, color: str, symbol: str = "circle", size: int = 8) -> dict[str, Any]:
    """Single points (n,)."""
    return {
        "type": "scatter", "name": name, "mode": "markers", "x": np.asarray(x).tolist(), "y": np.asarray(y).tolist(),
        "marker": {"size": size, "color": color, "symbol": symbol, "line": {"width": 2, "color": color}},
        "hoverinfo": "skip",
    }  # fmt: skip


def y_axis(bottom: float, top: float, **more: Any) -> dict[str, Any]:
    """A vertical axis between two heights of the plot (0 to 1)."""
    return {"domain": [bottom, top], "gridcolor": RULE, "zeroline": False, "tickfont": {"size": 10}} | more


def place_axis(anchor: str, low: float, high: float, **more: Any) -> dict[str, Any]:
    """The horizontal axis: places in the series."""
    return {
        "range": [low, high], "anchor": anchor, "title": {"text": "place in the series", "standoff": 6},
        "gridcolor": RULE, "zeroline": False, "tickformat": ",d",
    } | more  # fmt: skip


def layout(height: int) -> dict[str, Any]:
    """What all plots of the page share."""
    return {
        "height": height, "margin": {"l": 134, "r": 16, "t": 26, "b": 44}, "font": FONT, "showlegend": False,
        "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "hovermode": "x",
        "modebar": {"bgcolor": CLEAR, "color": "#767b81", "activecolor": INK},
    }  # fmt: skip


def row_name(text: str, height: float) -> dict[str, Any]:
    """A name to the left of a row of the plot."""
    return {
        "xref": "paper", "yref": "paper", "x": -0.006, "y": height, "xshift": -20, "xanchor": "right", "text": text,
        "showarrow": False, "font": {"size": 11, "color": INK},
    }  # fmt: skip


def band(x0: float, x1: float, color: str = "#8b9197", opacity: float = 0.07) -> dict[str, Any]:
    """A ground of another colour, over the whole height."""
    return {
        "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": x0, "x1": x1, "fillcolor": color, "opacity": opacity,
        "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


def labelled_bands(places: np.ndarray) -> list[dict[str, Any]]:
    """A brown ground under points (ascending places) that were labelled before."""
    return [band(first - 0.5, last + 0.5, KNOWN, 0.10) for first, last in runs(places)]


def vertical(x: float, color: str, dash: str) -> dict[str, Any]:
    """A line over the whole height."""
    return {
        "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x,
        "line": {"color": color, "width": 1.2, "dash": dash},
    }  # fmt: skip


def horizontal(y: float, color: str, yref: str = "y") -> dict[str, Any]:
    """A dotted line over the whole width."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": yref, "y0": y, "y1": y,
        "line": {"color": color, "width": 1, "dash": "dot"},
    }  # fmt: skip


def runs(places: np.ndarray) -> list[tuple[int, int]]:
    """First and last of each run of consecutive places (ascending)."""
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts, lasts = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(places) - 1]])
    return [(int(places[first]), int(places[last])) for first, last in zip(firsts, lasts, strict=True)]


def thinned(values: np.ndarray) -> np.ndarray:
    """Places (k,) to draw of a long line (n,): the least and the greatest of each stretch, so no spike is lost."""
    count = len(values)
    if count <= 2 * BUCKETS:
        return np.arange(count)
    edges = np.linspace(0, count, BUCKETS + 1).astype(int)
    stretches = np.repeat(np.arange(BUCKETS), np.diff(edges))
    order = np.lexsort((values, stretches))  # within each stretch from the least to the greatest
    return np.unique(np.concatenate([order[edges[:-1]], order[edges[1:] - 1], [0, count - 1]]))


# ------------------------------------------------------------------------------------------------ times


def times(timestamps: np.ndarray) -> np.ndarray:
    """Timestamps (n,) in seconds as text; plain numbers where they are no dates."""
    if len(timestamps) and not 0 < timestamps[0] < YEAR_2100:
        return timestamps.astype(str)
    return np.char.replace(np.datetime_as_string(timestamps.astype("datetime64[s]"), unit="s"), "T", " ")


def moment(timestamp: int) -> str:
    """A timestamp in words, to the minute."""
    if not 0 < timestamp < YEAR_2100:
        return f"{timestamp:,}"
    return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d %H:%M")


def spacing(timestamps: np.ndarray) -> str:
    """The usual step between timestamps (n,) in words."""
    if len(timestamps) < 2:
        return "one point"
    step = int(np.median(np.diff(timestamps)))
    for seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if step and step % seconds == 0:
            return f"one point every {step // seconds} {unit}"
    return f"one point every {step} s"
