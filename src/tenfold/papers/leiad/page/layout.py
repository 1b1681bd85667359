"""What stands on the page, and the parts of it that are made anew after each answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from tenfold.papers.leiad.interaction import Summary
from tenfold.papers.leiad.page.alerts import SeriesAlerts

KEYS = [
    ("← →", "move the cursor; Page Up and Page Down by 20 points, Home and End to the ends of the window"),
    ("Space", "mark the point under the cursor, or take its mark away"),
    ("Shift + ← →", "mark a range"),
    ("Delete", "take away the run of marks under the cursor"),
    ("U", "undo; C clears all marks of the window"),
    ("Enter", "submit the marks"),
    ("N", "nothing here: submit a window without anomalies"),
    ("B", "take the last window back"),
    ("+ − 0", "zoom in, zoom out, back to the window"),
]
GRAPH = {
    "displaylogo": False, "displayModeBar": True, "scrollZoom": False, "responsive": True, "doubleClick": False,
    "modeBarButtons": [["select2d", "lasso2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d"]],
}  # fmt: skip
HEIGHT = 610
"""Pixels of the window's plot before it is known how many detectors there are."""
ROWS = 200
"""Rows of a table that are shown; the CSV files have all."""


def page(title: str, session: str) -> html.Div:
    """The whole page, before anything is known."""
    return html.Div(
        [
            dcc.Store(id="shown"), dcc.Store(id="query"), dcc.Store(id="marks"), dcc.Store(id="submission"),
            dcc.Store(id="back"), dcc.Store(id="ready"), dcc.Store(id="chosen"),
            dcc.Interval(id="tick", interval=300),
            html.A("To the window", href="#window", className="skip"),
            html.Header(
                [
                    html.Span([html.Span("tenfold / leiad / ", className="quiet"), html.B(title)]),
                    html.Span(["session ", html.B(session)], className="scale"),
                ],
                className="masthead",
            ),
            html.Main([_question(), _window(), _learnt()], className="labelling"),
        ]
    )  # fmt: skip


def _question() -> html.Section:
    return html.Section(
        [
            html.Div([html.H1("Which points are anomalies?"), html.P(id="place", className="quiet")]),
            html.P(id="progress", className="progress"),
        ],
        className="question",
    )


def _window() -> html.Section:
    return html.Section(
        [
            html.Div(
                [
                    _button("submit", "Submit", "Enter", className="primary"),
                    _button("nothing", "Nothing here", "N"),
                    _button("undo", "Undo", "U"),
                    _button("clear", "Clear", "C"),
                    _button("back", "Take back the last window", "B", className="apart"),
                ],
                className="actions",
            ),
            html.P(id="message", className="message", role="status"),
            html.Div(
                dcc.Graph(id="graph", figure=_empty(HEIGHT), config=GRAPH, style=height_of(HEIGHT)),
                id="window", className="plate", tabIndex="0", role="application",
                **{"aria-label": "The window that is asked about", "aria-describedby": "keys"},
            ),
            html.P(id="cursor", className="quiet cursor", role="status"),
            html.Details(
                [
                    html.Summary("Mouse and keys"),
                    html.P(
                        "Click a point to mark it. Drag a box or a lasso over points to mark them, over marked points "
                        "to take the marks away. The buttons at the top right of the plot choose between box, lasso, "
                        "zoom and pan; the scale below can be dragged, too. Points with a brown ground were labelled "
                        "in an earlier window and stay as they are.",
                        className="note",
                    ),
                    html.Dl(
                        [html.Div([html.Dt(html.Kbd(key)), html.Dd(text)]) for key, text in KEYS], className="keys"
                    ),
                ],
                id="keys", open=True,
            ),
        ]
    )  # fmt: skip


def _learnt() -> html.Div:
    return html.Div(
        [
            html.Section(
                [
                    html.H2("What the models have learnt"),
                    html.P(
                        "How well the scores told your marks from the other points of a window before the models "
                        "learnt of them (ROC AUC: 1 perfectly, 0.5 like chance). It needs no labels but yours.",
                        className="note",
                    ),
                    _plate("curve", 260),
                    html.Div(
                        [
                            dcc.Checklist(
                                id="truth", value=[],
                                options=[{"label": "Add the benchmark's true labels", "value": "on"}],
                            ),
                            html.P(
                                "Off, because to see them judge your answers would teach you their labels; neither the "
                                "models nor the choice of windows ever see them.",
                                className="note",
                            ),
                        ],
                        id="truth-part", hidden=True,
                    ),
                ]
            ),
            html.Section([html.H2("Labelling functions"), html.Div(id="functions", className="wide", tabIndex="0")]),
            html.Section(
                [
                    html.H2("Alerts"),
                    html.P(id="alerts-note", className="note"),
                    html.Div(id="alerts", className="wide", tabIndex="0"),
                ]
            ),
            html.Section([html.H2("One series", id="series-title"), _plate("series", 300)]),
            html.Section(
                [
                    html.H2("Take it with you"),
                    html.P(
                        [
                            html.A("Labels (CSV)", href="/export/labels.csv", className="download"),
                            html.A("Scores (CSV)", href="/export/scores.csv", className="download"),
                        ]
                    ),
                    html.P(id="notes", className="note"),
                ],
                className="export",
            ),
        ],
        className="learnt",
    )  # fmt: skip


def _plate(name: str, height: int) -> html.Div:
    config = {"displayModeBar": False, "responsive": True}
    graph = dcc.Graph(id=name, figure=_empty(height), config=config, style=height_of(height))
    return html.Div(graph, className="plate")


def _button(action: str, text: str, key: str, className: str = "") -> html.Button:
    return html.Button(
        [html.Span(text, id=f"{action}-text"), html.Kbd(key)],
        id=f"do-{action}", type="button", className=f"action {className}".strip(), **{"data-action": action},
    )  # fmt: skip


def height_of(pixels: int) -> dict[str, str]:
    """A plot's own height: without it, it would shrink to nothing when the browser's window changes its size."""
    return {"height": f"{pixels}px"}


def _empty(height: int) -> dict[str, Any]:
    axis = {"visible": False}
    clear = "rgba(0,0,0,0)"
    return {
        "data": [],
        "layout": {"height": height, "xaxis": axis, "yaxis": axis, "paper_bgcolor": clear, "plot_bgcolor": clear},
    }


# ------------------------------------------------------------------------------------------------- made anew


def functions_table(functions: Sequence[Summary]) -> html.Table:
    """What the labelling functions do, the newest first."""
    rows = [
        html.Tr(
            [
                html.Th(function.name, scope="row"),
                html.Td(function.kind),
                _number(f"{function.anomalous:,}"),
                _number(f"{function.normal:,}"),
                _number(_percent(function.coverage)),
                _number("" if math.isnan(function.agreement) else _percent(function.agreement)),
            ]
        )
        for function in list(reversed(functions))[:ROWS]
    ]  # fmt: skip
    heads = ["function", "kind", "anomaly", "normal", "coverage", "agreement"]
    return _table("Labelling functions, the newest first", heads, 2, rows)


def alerts_table(alerts: Sequence[tuple[str, SeriesAlerts]], chosen: str | None) -> html.Table:
    """Series by their highest score; `alerts` pairs each with the key that choosing it sends."""
    rows = [
        html.Tr(
            [
                html.Th(
                    html.Button(
                        found.name, id={"type": "series", "index": key}, n_clicks=0, type="button", className="link",
                        **{"aria-pressed": "true" if key == chosen else "false"},
                    ),
                    scope="row",
                ),
                _number(f"{found.highest:.3f}"),
                _number(f"{found.at:,}"),
                _number(f"{found.alerts:,}"),
                _number(f"{found.labelled:,}" if key.startswith("pool") else "held out"),
                _number(f"{found.marked:,}" if key.startswith("pool") else ""),
            ],
            className="chosen" if key == chosen else "",
        )
        for key, found in alerts[:ROWS]
    ]  # fmt: skip
    heads = ["series", "highest score", "at", "alerts", "labelled", "marked"]
    return _table("Series, the highest score first", heads, 1, rows)


def _table(caption: str, heads: Sequence[str], texts: int, rows: list[html.Tr]) -> html.Table:
    """A table whose first `texts` columns hold words, the others numbers."""
    cells = [html.Th(head, scope="col", className="" if n < texts else "number") for n, head in enumerate(heads)]
    return html.Table(
        [html.Caption(caption, className="hidden"), html.Thead(html.Tr(cells)), html.Tbody(rows)], className="results"
    )


def _number(text: str) -> html.Td:
    return html.Td(text, className="number")


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 or share == 0 else "< 0.1%"
