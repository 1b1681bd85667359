"""One person's work on one pool: which window is asked about, what was answered, and the loop that learns from it."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tenfold.metrics.binary import roc_auc
from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.page.session import Answer, Session
from tenfold.papers.leiad.state import Query, State

REMEMBERED = 5
"""So many loops before the last answers stay in memory: taking one of them back needs no learning."""


@dataclass(frozen=True)
class Ahead:
    """What follows if the pending window gets these marks: learnt before the person submits them."""

    marks: tuple[int, ...]
    loop: Interaction
    query: Query | None


class Labeller:
    """The loop of a session. Its methods may take as long as the loop learns; one thread calls them."""

    def __init__(self, begin: Callable[[], Interaction], session: Session, say: Callable[[str], None]) -> None:
        """`begin` makes the loop as it is before any answer; `say` is told what takes long."""
        self.session = session
        self._begin = begin
        self._before: deque[tuple[int, Interaction]] = deque(maxlen=REMEMBERED)
        self._ahead: Ahead | None = None
        self.answered = 0
        """Number of answers that the loop has taken in."""
        self.loop = self._resume(say)
        say("learning")
        self.query = self.loop.next_query()
        self.save()

    # -------------------------------------------------------------------------------------- going on

    def _resume(self, say: Callable[[str], None]) -> Interaction:
        """The loop after the session's answers: from its saved state, else by going through the answers again."""
        answers = self.session.answers
        self.answered = len(answers)
        loop = self._begin()
        if self.session.changed:
            what = " and the ".join(self.session.changed)
            say(
                f"the {what} changed since the session was last open: its answers are carried over, and the windows "
                "that follow are not those that would have followed"
            )
            return self._carry_over(loop)
        count = 0
        if (saved := self.session.saved_state()) is not None:
            count, arrays = saved
            loop.restore(arrays)
        for number, answer in enumerate(answers[count:], start=count + 1):
            say(f"learning again from answer {number} of {len(answers)}")
            query = loop.next_query()
            if query is None or query.centre != self._place(loop, answer) + answer.centre:
                return self._carry_over(self._begin())
            loop.answer(query, self._place(loop, answer) + np.array(answer.anomalies, dtype=np.int64))
        return loop

    def _carry_over(self, loop: Interaction) -> Interaction:
        """A loop that is given the answers although it did not ask for them; it learns once, at the end."""
        for answer in self.session.answers:
            if answer.series not in loop.pool.names:
                self.session.notes.append(f"the data no longer has series {answer.series!r}: its labels rest")
                continue
            series = loop.pool.names.index(answer.series)
            offset, end = (int(place) for place in loop.pool.offsets[series : series + 2])
            query = Query(
                series, offset + answer.centre, offset + answer.start, min(offset + answer.stop, end),
                loop.state.iteration, 0,
            )  # fmt: skip
            marks = offset + np.array(answer.anomalies, dtype=np.int64)
            loop.state.listed = [query.centre]
            loop.answer(query, marks[marks < query.stop])
        return loop

    @staticmethod
    def _place(loop: Interaction, answer: Answer) -> int:
        """Where the answer's series begins in the pool."""
        return int(loop.pool.offsets[loop.pool.names.index(answer.series)])

    # ------------------------------------------------------------------------------------- answering

    def look_ahead(self, marks: Sequence[int]) -> None:
        """Learn already now what would follow from these marks (places in the pool) on the pending window."""
        if self.query is None or self.has_looked_ahead(marks):
            return
        loop = fork(self.loop)
        loop.answer(self.query, np.array(marks, dtype=np.int64))
        self._ahead = Ahead(tuple(marks), loop, loop.next_query())

    def has_looked_ahead(self, marks: Sequence[int]) -> bool:
        """Whether `look_ahead` has done its work for these marks."""
        return self.query is None or (self._ahead is not None and self._ahead.marks == tuple(marks))

    def keep_draft(self, marks: Sequence[int]) -> None:
        """Keep marks (places in the pool) on the pending window, for a person who comes back to it."""
        if self.query is not None:
            self.session.save_draft([int(mark) - self._offset(self.query) for mark in marks])

    def draft(self) -> list[int]:
        """The marks that were kept of the pending window (places in the pool)."""
        if self.query is None:
            return []
        places = (self._offset(self.query) + mark for mark in self.session.draft())
        return [place for place in places if self.query.start <= place < self.query.stop]

    def _offset(self, query: Query) -> int:
        return int(self.loop.pool.offsets[query.series])

    def submit(self, marks: Sequence[int], seconds: float | None = None) -> None:
        """Take the answer to the pending window, keep it on disk, learn, and ask for the next window.

        `marks` are places in the pool, ascending. Raises ValueError when no window is pending or a mark is outside it.
        """
        if self.query is None:
            raise ValueError("no window is asked about any more")
        self.keep(marks, seconds)
        self.go_on(marks)

    def keep(self, marks: Sequence[int], seconds: float | None = None) -> None:
        """The first half of `submit`: quick, and all that must not be lost."""
        assert self.query is not None
        if len(marks) and not (self.query.start <= min(marks) and max(marks) < self.query.stop):
            raise ValueError(f"marks must lie in the window {self.query.start}:{self.query.stop}")
        self.session.append(self._answer(self.query, marks, seconds))

    def go_on(self, marks: Sequence[int]) -> None:
        """The second half of `submit`: learn from the answer that was kept."""
        assert self.query is not None
        self._before.append((self.answered, self.loop))
        if self._ahead is not None and self._ahead.marks == tuple(marks):
            self.loop, self.query = self._ahead.loop, self._ahead.query
        else:
            self.loop = fork(self.loop)
            self.loop.answer(self.query, np.array(marks, dtype=np.int64))
            self.query = self.loop.next_query()
        self.answered += 1
        self._ahead = None

    def save(self) -> None:
        """Keep the loop on disk, so that the next start is quick."""
        self.session.save_state(self.loop.to_arrays(), self.answered)

    def take_back(self, say: Callable[[str], None]) -> list[int]:
        """Ask again about the last window, and return the marks it had (places in the pool)."""
        answer = self.session.take_back()
        self._ahead = None
        if self._before:
            self.answered, self.loop = self._before.pop()
        else:
            self.loop = self._resume(say)
        self.query = self.loop.next_query()
        return [self._place(self.loop, answer) + mark for mark in answer.anomalies]

    def _answer(self, query: Query, marks: Sequence[int], seconds: float | None) -> Answer:
        offset = self._offset(query)
        return Answer(
            series=self.loop.pool.names[query.series],
            centre=query.centre - offset,
            start=query.start - offset,
            stop=query.stop - offset,
            iteration=query.iteration,
            rank=query.rank,
            anomalies=tuple(int(mark) - offset for mark in marks),
            seconds=None if seconds is None else round(seconds, 1),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            model=foresight(self.loop.state.scores, query, marks),
            label_model=foresight(self.loop.state.label_scores, query, marks),
        )


def fork(loop: Interaction) -> Interaction:
    """A loop of its own that stands where `loop` stands; both share what never changes: the pool and its tables."""
    twin = copy.copy(loop)
    twin.generator = copy.deepcopy(loop.generator)
    twin.state = State.from_arrays(loop.state.to_arrays())
    return twin


def foresight(scores: np.ndarray | None, query: Query, marks: Sequence[int]) -> float | None:
    """ROC AUC with which scores (N,) tell the marked points of a window from its others; None without both kinds."""
    if scores is None or not 0 < len(marks) < query.stop - query.start:
        return None
    labels = np.zeros(query.stop - query.start, dtype=bool)
    labels[np.asarray(marks) - query.start] = True
    return round(float(roc_auc(scores[query.start : query.stop], labels)), 4)
