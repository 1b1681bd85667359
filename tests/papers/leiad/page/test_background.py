from __future__ import annotations

import threading
import time

import pytest

from tenfold.papers.leiad.page import background as module
from tenfold.papers.leiad.page.background import Background


@pytest.fixture
def running(desk):
    """The thread over a fresh session, stopped at the end."""
    session = desk.session()
    background = Background(lambda say: desk.labeller(session))
    assert background.wait(30).status == "asking"
    yield background
    background.stop()
    session.close()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_an_answer_is_on_disk_before_submit_returns(desk, running, monkeypatch):
    learning = threading.Event()
    monkeypatch.setattr(type(running._labeller), "go_on", lambda self, marks: learning.wait(20))
    view = running.view
    assert running.submit(1, [view.query.start], 2.0)
    text = (desk.folder / "mine" / "journal.jsonl").read_text()
    assert '"anomalies"' in text
    assert running.view.status == "learning"
    assert "learning" in running.view.message
    learning.set()


def test_windows_follow_and_views_never_change(running):
    first = running.view
    gold = first.gold.copy()
    running.submit(1, [first.query.centre])
    second = running.wait(20)
    assert (second.number, second.window, len(second.answers)) == (2, 2, 1)
    assert second.gold[first.query.centre] == 1
    assert (first.gold == gold).all()
    assert (first.number, first.window, len(first.answers)) == (1, 1, 0)


def test_a_second_click_is_no_second_answer(running):
    assert running.submit(1, [])
    assert not running.submit(1, [])
    running.wait(20)
    assert not running.submit(1, [])
    assert len(running.view.answers) == 1


def test_marks_that_stay_are_learnt_from_ahead(running, monkeypatch):
    monkeypatch.setattr(module, "STEADY_SECONDS", 0.05)
    query = running.view.query
    until(lambda: running._labeller.has_looked_ahead([]))
    marks = [query.start, query.start + 3]
    running.mark(1, list(reversed(marks)))
    until(lambda: running._labeller.has_looked_ahead(marks))
    ahead = running._labeller._ahead.query
    running.submit(1, marks)
    assert running.wait(20).query == ahead


def test_marks_of_another_window_or_outside_this_one_are_left_alone(running, desk):
    query = running.view.query
    running.mark(2, [query.start])
    assert not (desk.folder / "mine" / "draft.json").exists()
    running.mark(1, [query.start - 1, query.start, query.stop])
    assert running._labeller.draft() == [query.start]


def test_taking_back_shows_the_window_with_its_marks(running):
    assert not running.take_back()
    query = running.view.query
    running.submit(1, [query.start + 2])
    running.wait(20)
    assert running.take_back()
    view = running.wait(20)
    assert (view.query, view.draft, view.number, view.answers) == (query, (query.start + 2,), 1, ())


def test_a_failure_is_shown_and_loses_nothing(running, desk, monkeypatch, capfd):
    def fail(self, marks):
        raise RuntimeError("no more trees")

    monkeypatch.setattr(type(running._labeller), "go_on", fail)
    running.submit(1, [])
    until(lambda: running.view.status == "failed")
    assert running.view.message == "RuntimeError: no more trees"
    assert len((desk.folder / "mine" / "journal.jsonl").read_text().splitlines()) == 1
    assert not running.submit(2, [])


def test_a_refused_disk_keeps_the_window_pending(running, monkeypatch):
    def full(self, answer):
        raise OSError("the disk is full")

    monkeypatch.setattr(type(running._labeller.session), "append", full)
    with pytest.raises(OSError, match="disk is full"):
        running.submit(1, [])
    assert running.view.status == "asking"
    monkeypatch.undo()
    assert running.submit(1, [])


def test_a_used_up_pool_is_done(desk):
    session = desk.session()
    background = Background(lambda say: desk.labeller(session))
    while (view := background.wait(30)).status == "asking":
        background.submit(view.number, [])
    assert view.status == "done"
    assert view.query is None
    assert (view.gold == 0).all()
    assert background.take_back()
    assert background.wait(20).status == "asking"
    background.stop()
    session.close()
