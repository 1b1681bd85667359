from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tenfold.errors import ConfigError, ResultError
from tenfold.papers.leiad.page.session import Answer, Session
from tests.papers.leiad.page.conftest import IDENTITY

ANSWER = Answer("a", 10, 0, 20, 0, 0, (3, 4), 1.5, "now", 0.75, None)


def answers(count):
    return [Answer("a", place, 0, 20, 0, 0, (place,)) for place in range(count)]


def test_answers_are_read_back_as_they_were(desk):
    with desk.session() as session:
        session.append(ANSWER)
        assert session.answers == [ANSWER]
    with desk.session() as session:
        assert session.answers == [ANSWER]
        assert session.notes == []


def test_an_answer_that_was_taken_back_is_gone_but_stays_in_the_journal(desk):
    first, second, third = answers(3)
    with desk.session() as session:
        session.append(first)
        session.append(second)
        assert session.take_back() == second
        session.append(third)
    with desk.session() as session:
        assert session.answers == [first, third]
    assert len((desk.folder / "mine" / "journal.jsonl").read_text().splitlines()) == 4


def test_nothing_can_be_taken_back_before_the_first_answer(desk):
    with desk.session() as session, pytest.raises(ValueError, match="no answer"):
        session.take_back()


@pytest.mark.parametrize("kept", [1, 5, 20, -1])
def test_a_line_that_was_cut_is_named_and_dropped_and_the_session_goes_on(desk, kept):
    first, second, third = answers(3)
    with desk.session() as session:
        session.append(first)
        session.append(second)
    journal = desk.folder / "mine" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[0] + lines[1][:kept])
    with desk.session() as session:
        assert session.answers == [first]
        assert "journal.jsonl: line 2 was not written completely and is dropped" in session.notes[0]
        session.append(third)
    with desk.session() as session:
        assert session.answers == [first, third]
        assert session.notes == []


def test_a_changed_byte_in_the_last_line_is_seen(desk):
    with desk.session() as session:
        session.append(ANSWER)
    journal = desk.folder / "mine" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"[3, 4]", b"[3, 5]"))
    with desk.session() as session:
        assert session.answers == []
        assert session.notes


def test_damage_before_the_last_line_stops_everything(desk):
    with desk.session() as session:
        for answer in answers(2):
            session.append(answer)
    journal = desk.folder / "mine" / "journal.jsonl"
    journal.write_bytes(b"x" + journal.read_bytes())
    with pytest.raises(ResultError, match=r"journal\.jsonl: line 1 is damaged and not the last one"):
        desk.session()
    with pytest.raises(ResultError):  # and the lock was given back: it is the same message
        desk.session()


def test_a_second_process_is_refused_and_told_where_the_session_is_open(desk):
    with desk.session() as session:
        with pytest.raises(ConfigError, match="session 'mine' is open in another process"):
            desk.session()
        session.is_open_at("http://127.0.0.1:8050/")
        with pytest.raises(ConfigError, match=r"session 'mine' is open at http://127\.0\.0\.1:8050/; close it there"):
            desk.session()
        desk.session("another").close()
    desk.session().close()


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 70, "é"])
def test_a_name_that_is_no_folder_is_refused(desk, name):
    with pytest.raises(ConfigError, match="--session"):
        Session(desk.folder, name, IDENTITY)
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize(("key", "value"), [("scale", "paper"), ("seed", 1)])
def test_a_session_keeps_its_scale_and_seed(desk, key, value):
    desk.session().close()
    with pytest.raises(ConfigError, match=f"was begun with --{key} .* open it so, or take another name"):
        desk.session(**{key: value})
    desk.session().close()


def test_it_tells_what_changed_since_the_last_time(desk):
    assert desk.session().changed == []
    with desk.session("other") as session:
        assert session.changed == []
    with desk.session("other", pool="q") as session:
        assert session.changed == ["pool"]
    with desk.session("other", pool="q", settings="t") as session:
        assert session.changed == ["settings"]


def test_a_draft_belongs_to_the_window_after_the_answers(desk):
    with desk.session() as session:
        assert session.draft() == []
        session.save_draft([5, 6])
    with desk.session() as session:
        assert session.draft() == [5, 6]
        session.append(ANSWER)
        assert session.draft() == []
    (desk.folder / "mine" / "draft.json").write_text("{")
    with desk.session() as session:
        assert session.draft() == []


def test_a_saved_state_is_found_for_its_answers_only(desk):
    first, second, third = answers(3)
    with desk.session() as session:
        session.save_state({"x": np.arange(3)}, 0)
        session.append(first)
        session.save_state({"x": np.arange(4)}, 1)
        session.append(second)
        session.save_state({"x": np.arange(5)}, 2)
        assert sorted(path.name for path in session.folder.glob("state-*")) == ["state-1.npz", "state-2.npz"]
        count, arrays = session.saved_state()
        assert (count, arrays["x"].tolist()) == (2, [0, 1, 2, 3, 4])
        session.take_back()
        assert session.saved_state()[0] == 1
        session.take_back()
        session.append(third)  # the state after `first` is not one after `third`
        assert session.saved_state() is None


def test_a_damaged_or_foreign_state_is_passed_over(desk):
    with desk.session() as session:
        session.save_state({"x": np.arange(3)}, 0)
        session.append(ANSWER)
        session.save_state({"x": np.arange(4)}, 1)
    (desk.folder / "mine" / "state-1.npz").write_bytes(b"PK\x03\x04 no archive")
    with desk.session() as session:
        assert session.saved_state()[0] == 0
    with desk.session(settings="others") as session:
        assert session.saved_state() is None


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from tenfold.papers.leiad.page import session as module
    from tenfold.papers.leiad.page.session import Answer, Session

    class Cut:
        '''A file that is killed with its process after so many bytes of the second answer.'''
        def __init__(self, file, left): self.file, self.left = file, left
        def write(self, data):
            os.write(self.file.fileno(), data[:self.left]); os.kill(os.getpid(), signal.SIGKILL)

    session = Session(Path(sys.argv[1]), "mine", {"scale": "tiny", "seed": 0, "pool": "p", "settings": "s"})
    session.append(Answer("a", 1, 0, 20, 0, 0, (1,)))
    opened = Path.open
    class Opened:
        def __init__(self, file): self.file = file
        def __enter__(self): return Cut(self.file.__enter__(), int(sys.argv[2]))
        def __exit__(self, *_): pass
    Path.open = lambda self, mode="r", **more: (
        Opened(opened(self, mode, **more)) if self.name == "journal.jsonl" else opened(self, mode, **more))
    session.append(Answer("b", 2, 0, 20, 0, 0, (2,)))
"""


@pytest.mark.parametrize(("bytes_written", "kept"), [(0, 1), (1, 1), (60, 1), (10_000, 2)])
def test_kill_9_while_an_answer_is_written_loses_at_most_that_one(desk, bytes_written, kept):
    script = textwrap.dedent(KILLED)
    done = subprocess.run([sys.executable, "-c", script, str(desk.folder), str(bytes_written)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with desk.session() as session:  # the lock of a killed process is free
        assert [answer.series for answer in session.answers] == ["a", "b"][:kept]
        assert bool(session.notes) == (bytes_written in {1, 60})
