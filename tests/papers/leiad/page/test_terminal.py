from __future__ import annotations

import io
import json

import pytest

from tenfold.papers.leiad.page import terminal


def talk(desk, *lines, name="mine"):
    out = io.StringIO()
    with desk.session(name) as session:
        terminal.converse(desk.begin, session, [line + "\n" for line in lines], out)
        count = len(session.answers)
    return [json.loads(line) for line in out.getvalue().splitlines()], count


def test_the_pending_window_is_written_and_stays_until_it_is_answered(desk):
    [window], count = talk(desk)
    [again], _ = talk(desk)
    assert window == again
    assert count == 0
    assert set(window) == {"window", "series", "centre", "start", "end", "values"}
    assert window["window"] == 1
    assert window["start"] <= window["centre"] < window["end"]
    offset = int(desk.pool.offsets[desk.pool.names.index(window["series"])])
    expected = desk.pool.values[offset + window["start"] : offset + window["end"]]
    assert window["values"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_answers_line_by_line_are_those_of_the_page(desk):
    with desk.session("page") as session:
        labeller = desk.labeller(session)
        lines = []
        for _ in range(4):
            offset = int(desk.pool.offsets[labeller.query.series])
            lines.append(json.dumps({"anomalies": [mark - offset for mark in desk.marks(labeller)]}))
            labeller.submit(desk.marks(labeller))
        by_page = session.answers
    shown, count = talk(desk, *lines[:2])
    more, count = talk(desk, *lines[2:])
    assert shown[-1] == more[0]
    assert count == 4
    with desk.session() as session:
        untimed = [(a.series, a.centre, a.start, a.stop, a.anomalies, a.model) for a in session.answers]
    assert untimed == [(a.series, a.centre, a.start, a.stop, a.anomalies, a.model) for a in by_page]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting"),
        ("[]", "an answer is"),
        ('{"anomalies": 3}', "must be a list of whole numbers"),
        ('{"anomalies": [1.5]}', "must be a list of whole numbers"),
        ('{"anomalies": [true]}', "must be a list of whole numbers"),
        ('{"anomalies": [100000]}', "100000 is outside the window"),
        ('{"anomalies": [], "x": 1}', "an answer is"),
        ('{"take_back": true}', "no answer to take back"),
    ],
)
def test_what_is_no_answer_is_told_and_changes_nothing(desk, line, message):
    (window, error), count = talk(desk, line)
    assert message in error["error"]
    assert count == 0
    assert talk(desk)[0] == [window]


def test_an_answer_can_be_taken_back(desk):
    (first, second, again), count = talk(desk, '{"anomalies": []}', '{"take_back": true}')
    assert first == again
    assert second != first
    assert count == 0


def test_it_ends_when_nothing_is_left(desk):
    answers = ['{"anomalies": []}'] * 200
    shown, count = talk(desk, *answers)
    assert shown[-1] == {"done": "every point of the pool is labelled"}
    assert len(shown) == count + 1 < 200
