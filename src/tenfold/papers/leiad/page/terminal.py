"""Labelling without a page: the pending window as a line of JSON, the answer as another."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.page.labeller import Labeller
from tenfold.papers.leiad.page.session import Session


def converse(begin: Callable[[], Interaction], session: Session, lines: Iterable[str], out: TextIO) -> None:
    """Ask, and take answers, until there are no more lines or nothing is left to ask.

    A window is `{"window": 8, "series": "a", "centre": 120, "start": 0, "end": 320, "values": [...]}`: places in the
    series, `end` exclusive. An answer is `{"anomalies": [118, 119]}`, possibly empty, or `{"take_back": true}`. What
    cannot be an answer gets `{"error": "..."}`, and the same window stays pending.
    """
    labeller = Labeller(begin, session, lambda text: print(text, file=sys.stderr, flush=True))
    for note in session.notes:
        print(note, file=sys.stderr, flush=True)
    _write(out, pending(labeller))
    for line in lines:
        if not line.strip():
            continue
        try:
            _take(labeller, json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            _write(out, {"error": str(error)})
            continue
        _write(out, pending(labeller))
        labeller.save()
        if labeller.query is None:
            return


def pending(labeller: Labeller) -> dict[str, Any]:
    """The window that is asked about, with places in its series."""
    if (query := labeller.query) is None:
        return {"done": "every point of the pool is labelled"}
    pool = labeller.loop.pool
    offset = int(pool.offsets[query.series])
    return {
        "window": labeller.answered + 1,
        "series": pool.names[query.series],
        "centre": query.centre - offset,
        "start": query.start - offset,
        "end": query.stop - offset,
        "values": [round(float(value), 6) for value in pool.values[query.start : query.stop]],
    }


def _take(labeller: Labeller, answer: Any) -> None:
    if not isinstance(answer, dict) or set(answer) not in ({"anomalies"}, {"take_back"}):
        raise ValueError('an answer is {"anomalies": [places]} or {"take_back": true}')
    if "take_back" in answer:
        labeller.take_back(lambda text: print(text, file=sys.stderr, flush=True))
        return
    places = answer["anomalies"]
    if not isinstance(places, list) or not all(type(place) is int for place in places):
        raise ValueError("anomalies: must be a list of whole numbers, places in the series")
    window = pending(labeller)
    outside = [place for place in places if not window["start"] <= place < window["end"]]
    if outside:
        raise ValueError(f"anomalies: {outside[0]} is outside the window {window['start']}:{window['end']}")
    assert labeller.query is not None
    offset = labeller.query.start - window["start"]
    labeller.submit(sorted({offset + place for place in places}))


def _write(out: TextIO, value: dict[str, Any]) -> None:
    out.write(json.dumps(value, ensure_ascii=False) + "\n")
    out.flush()
