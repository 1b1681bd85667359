"""What happens on the page: the browser's events on one side, the thread that learns on the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from flask import Response

from tenfold.papers.leiad.page import drawing, export, figures, layout, overviews
from tenfold.papers.leiad.page.alerts import SeriesAlerts, alerts_of, bound_of
from tenfold.papers.leiad.page.background import Background, View

BUSY_MILLISECONDS = 250
IDLE_MILLISECONDS = 2000
WAIT_SECONDS = 0.2
"""An answer waits so long for the next window: where it was learnt ahead, no second request is needed."""
TRUTH = ("unlabelled_ap", "test_ap")


def register(page: Dash, background: Background, session: str) -> None:
    """Connect the page's parts. The browser's script (assets/labelling.js) keeps the marks and sends them."""
    _follow(page, background)
    _take(page, background)
    _look(page, background)
    _exports(page, background, session)
    page.clientside_callback(
        ClientsideFunction("leiad", "begin"), Output("ready", "data"), Input("query", "data"), prevent_initial_call=True
    )


def _follow(page: Dash, background: Background) -> None:
    """Show what the thread is doing, and the window it asks about."""

    @page.callback(*_progress_outputs(), Input("tick", "n_intervals"), State("shown", "data"))
    def follow(_ticks: Any, shown: dict[str, Any] | None) -> tuple[Any, Any, int]:
        return _where(background.view, shown)

    @page.callback(
        Output("query", "data"), Output("graph", "figure"), Output("graph", "style"), Output("place", "children"),
        Output("progress", "children"), Output("notes", "children"), Input("shown", "data"), State("query", "data"),
    )  # fmt: skip
    def ask(shown: dict[str, Any] | None, query: dict[str, Any] | None) -> tuple[Any, ...]:
        view = background.view
        if shown is None or view.pool is None or (query is not None and query["window"] == view.window):
            return (no_update,) * 6
        return _query(view), *_figure(view), _place(view), _progress(view), " ".join(view.notes)


def _progress_outputs(**options: Any) -> list[Output]:
    return [
        Output("shown", "data", **options),
        Output("message", "children", **options),
        Output("tick", "interval", **options),
    ]


def _where(view: View, shown: dict[str, Any] | None) -> tuple[Any, Any, int]:
    interval = BUSY_MILLISECONDS if view.status in {"opening", "learning"} else IDLE_MILLISECONDS
    if shown is not None and shown["version"] == view.version:
        return no_update, no_update, interval
    return {"version": view.version, "window": view.window, "status": view.status}, _message(view), interval


def _take(page: Dash, background: Background) -> None:
    """Take what the person marks and submits."""

    @page.callback(Input("marks", "data"), prevent_initial_call=True)
    def keep_draft(marks: dict[str, Any]) -> None:
        if (offset := _offset(background.view)) is not None:
            background.mark(marks["number"], [offset + place for place in marks["marks"]])

    @page.callback(*_progress_outputs(allow_duplicate=True), Input("submission", "data"), prevent_initial_call=True)
    def submit(answer: dict[str, Any]) -> tuple[Any, Any, int]:
        if (offset := _offset(background.view)) is not None:
            marks = [offset + place for place in answer["marks"]]
            background.submit(answer["number"], marks, answer.get("seconds"))
        return _where(background.wait(WAIT_SECONDS), None)

    @page.callback(*_progress_outputs(allow_duplicate=True), Input("back", "data"), prevent_initial_call=True)
    def take_back(_back: Any) -> tuple[Any, Any, int]:
        background.take_back()
        return _where(background.wait(WAIT_SECONDS), None)


def _look(page: Dash, background: Background) -> None:
    """Show what was learnt so far."""

    @page.callback(
        Output("functions", "children"), Output("truth-part", "hidden"), Input("query", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def functions(_query: Any) -> tuple[Any, bool]:
        view = background.view
        return layout.functions_table(view.functions), not any(set(TRUTH) & set(row) for row in view.curve)

    @page.callback(
        Output("curve", "figure"), Input("query", "data"), Input("truth", "value"), prevent_initial_call=True
    )
    def curve(_query: Any, truth: list[str]) -> Any:
        view = background.view
        return overviews.curve_figure(view.answers, view.curve, TRUTH if truth else ())

    @page.callback(
        Output("chosen", "data"), Input({"type": "series", "index": ALL}, "n_clicks"), prevent_initial_call=True
    )
    def choose(clicks: list[int | None]) -> Any:
        return ctx.triggered_id["index"] if ctx.triggered_id and any(clicks) else no_update

    @page.callback(
        Output("alerts", "children"), Output("alerts-note", "children"), Output("series", "figure"),
        Output("series-title", "children"), Input("query", "data"), Input("chosen", "data"), prevent_initial_call=True,
    )  # fmt: skip
    def alerts(_query: Any, chosen: str | None) -> tuple[Any, ...]:
        view = background.view
        if view.pool is None or view.scores is None:
            return (no_update,) * 4
        bound = bound_of(view.scores, view.percentage)
        found = _alerts(view, bound)
        chosen = chosen or found[0][0]
        note = (
            f"{len(found)} series by their highest score. An alert is a run of points that score {bound:.3f} or more: "
            f"the highest {view.percentage:g}% of the pool. Choose a series to see it."
        )
        pool = view.pool if chosen.startswith("pool") or view.test is None else view.test
        own = pool is view.pool
        series = int(chosen.partition("-")[2])
        figure = overviews.series_figure(
            pool, series, view.scores if own else view.test_scores, view.gold if own else None, bound
        )
        return layout.alerts_table(found, chosen), note, figure, pool.names[series]


def _alerts(view: View, bound: float) -> list[tuple[str, SeriesAlerts]]:
    """Series of the pool and of the test pool, the highest score first, each with its key."""
    assert view.pool is not None
    assert view.scores is not None
    found = [(f"pool-{alert.series}", alert) for alert in alerts_of(view.pool, view.scores, view.gold, bound)]
    if view.test is not None and view.test_scores is not None:
        held_out = alerts_of(view.test, view.test_scores, None, bound)
        found += [(f"test-{alert.series}", alert) for alert in held_out]
    return sorted(found, key=lambda pair: -pair[1].highest)  # stable: equal ones stay as alerts_of has them


def _exports(page: Dash, background: Background, session: str) -> None:
    """CSV files, made when they are asked for."""

    @page.server.get("/export/labels.csv")
    def labels() -> Response:
        view = background.view
        ready = view.pool is not None and view.gold is not None
        rows = export.label_rows(view.pool, view.gold, view.answers) if ready else []  # type: ignore[arg-type]
        return _download(export.csv_blocks(rows), f"{session}-labels.csv")

    @page.server.get("/export/scores.csv")
    def scores() -> Response:
        view = background.view
        ready = view.pool is not None and view.gold is not None and view.scores is not None
        rows = export.score_rows(view.pool, view.scores, view.gold) if ready else []  # type: ignore[arg-type]
        return _download(export.csv_blocks(rows), f"{session}-scores.csv")


def _download(blocks: Iterable[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(blocks, mimetype="text/csv; charset=utf-8", headers=headers)


# ------------------------------------------------------------------------------------------------ in words


def _query(view: View) -> dict[str, Any]:
    """What the browser's script needs of the pending window; places count within the series."""
    offset = _offset(view)
    draft = [] if offset is None else [place - offset for place in view.draft]
    return {"window": view.window, "number": view.number, "pending": view.query is not None, "marks": draft}


def _figure(view: View) -> tuple[Any, Any]:
    """The plot of the pending window, and the height that it needs."""
    if view.query is None or view.pool is None or view.gold is None:
        return no_update, no_update
    figure = figures.window_figure(view.pool, view.query, view.gold)
    figure["layout"]["meta"]["window_number"] = view.window
    return figure, layout.height_of(figure["layout"]["height"])


def _offset(view: View) -> int | None:
    """Place in the pool at which the pending window's series begins."""
    return None if view.query is None or view.pool is None else int(view.pool.offsets[view.query.series])


def _message(view: View) -> str:
    if view.status == "done":
        return "Every point of the pool is labelled, or the budget is used up. Nothing is left to ask."
    if view.status == "failed":
        return f"Learning failed; your answers are safe on disk. {view.message}"
    if view.status in {"opening", "learning"}:
        return f"{view.message[:1].upper()}{view.message[1:]} …"
    return ""


def _place(view: View) -> str:
    if view.query is None or view.pool is None:
        return ""
    pool, query = view.pool, view.query
    offset = int(pool.offsets[query.series])
    stamps = pool.timestamps[query.start : query.stop]
    span = f"{drawing.moment(stamps[0])} to {drawing.moment(stamps[-1])}, {drawing.spacing(stamps)}"
    return (
        f"Series {pool.names[query.series]}, places {query.start - offset:,} to {query.stop - 1 - offset:,} of "
        f"{int(pool.offsets[query.series + 1]) - offset:,}. {span}."
    )


def _progress(view: View) -> str:
    assert view.gold is not None
    marked, labelled = int((view.gold == 1).sum()), int((view.gold >= 0).sum())
    shown = len(view.answers)
    return (
        f"Window {view.number} · {shown} shown so far · {marked:,} anomal{'y' if marked == 1 else 'ies'} among "
        f"{labelled:,} labelled points"
    )
