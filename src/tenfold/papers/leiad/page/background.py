"""Learning beside the page: one thread owns the loop, so that the page answers at once whatever the loop is doing.

While a person looks at a window, the thread learns what would follow if the marks on it stayed as they are. The usual
answer, and above all the usual "nothing here", is then followed by the next window without a wait.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tenfold.papers.leiad.interaction import Summary
from tenfold.papers.leiad.page.labeller import Labeller
from tenfold.papers.leiad.page.session import Answer
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.state import Query

STEADY_SECONDS = 0.6
"""Marks that stay as they are for so long are taken for the likely answer."""


@dataclass(frozen=True)
class View:
    """What the page shows, from one moment. It never changes; a new one takes its place."""

    version: int
    status: Literal["opening", "learning", "asking", "done", "failed"]
    message: str = ""
    window: int = 0  # counts the windows that were shown by this process, again ones included
    number: int = 1  # of the pending window, from 1
    query: Query | None = None
    draft: tuple[int, ...] = ()  # marks on it when it was shown, places in the pool
    pool: Pool | None = None
    test: Pool | None = None
    gold: np.ndarray | None = None  # (N,) int8
    scores: np.ndarray | None = None  # (N,)
    test_scores: np.ndarray | None = None  # (M,)
    answers: tuple[Answer, ...] = ()
    curve: tuple[dict[str, float], ...] = ()
    functions: tuple[Summary, ...] = ()
    notes: tuple[str, ...] = ()
    percentage: float = 1.0  # of the points that are taken for alerts
    waited: float = 0.0  # seconds from the last answer to this window


@dataclass
class _Wish:
    """What the thread is asked to do next."""

    task: Callable[[Labeller], None] | None = None
    marks: tuple[int, ...] = ()
    since: float = field(default_factory=time.monotonic)


class Background:
    """The thread, and the latest view of what it has."""

    def __init__(self, opening: Callable[[Callable[[str], None]], Labeller]) -> None:
        """`opening` makes the labeller, in the thread; it is given a function that shows a message meanwhile."""
        self._opening = opening
        self._changed = threading.Condition()
        self._wish = _Wish()
        self._stopped = False
        self._labeller: Labeller | None = None
        self.view = View(0, "opening", "opening the session")
        self._thread = threading.Thread(target=self._run, name="learning", daemon=True)
        self._thread.start()

    # ----------------------------------------------------------------------------------- from the page

    def submit(self, number: int, marks: Sequence[int], seconds: float | None = None) -> bool:
        """Keep the answer to window `number` (marks as places in the pool) on disk, and have it learnt from.

        False, and nothing happens, when another window is pending by now, such as after a double click.
        """
        with self._changed:
            if self.view.status != "asking" or self.view.number != number:
                return False
            assert self._labeller is not None
            marks = tuple(sorted(marks))
            self._labeller.keep(marks, seconds)
            self._ask(lambda labeller: labeller.go_on(marks), "learning from your answer")
            return True

    def take_back(self) -> bool:
        """Ask again about the last window. False when there is none or the thread is busy."""
        with self._changed:
            if self.view.status not in {"asking", "done"} or not self.view.answers:
                return False
            self._ask(lambda labeller: self._again(labeller), "going back to the last window")
            return True

    def mark(self, number: int, marks: Sequence[int]) -> None:
        """Keep the marks on the pending window, and look ahead from them once they stay."""
        with self._changed:
            if self.view.status == "asking" and self.view.number == number and self._labeller is not None:
                query = self.view.query
                assert query is not None
                marks = tuple(sorted(mark for mark in marks if query.start <= mark < query.stop))
                self._labeller.keep_draft(marks)
                self._wish = _Wish(marks=marks)
                self._changed.notify()

    def stop(self, seconds: float = 30.0) -> None:
        """End the thread after what it is doing; its work is saved."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(seconds)

    def wait(self, seconds: float) -> View:
        """The view once the thread neither opens nor learns, or after so many seconds."""
        end = time.monotonic() + seconds
        while self.view.status in {"opening", "learning"} and time.monotonic() < end:
            time.sleep(0.005)
        return self.view

    # ---------------------------------------------------------------------------------- in the thread

    def _ask(self, task: Callable[[Labeller], None], message: str) -> None:
        self._wish = _Wish(task)
        self._show(status="learning", message=message)
        self._changed.notify()

    def _run(self) -> None:
        try:
            self._labeller = self._opening(lambda text: self._show(message=text))
            self._publish(0.0)
            while (wish := self._next()) is not None:
                if wish.task is not None:
                    wish.task(self._labeller)
                    self._publish(time.monotonic() - wish.since)
                    self._labeller.save()
                else:
                    self._labeller.look_ahead(wish.marks)
        except Exception as error:
            traceback.print_exc()
            self._show(status="failed", message=f"{type(error).__name__}: {error}")

    def _next(self) -> _Wish | None:
        """The next thing to do: a task at once, looking ahead after a while; None: stop."""
        with self._changed:
            while not self._stopped:
                wish = self._wish
                left = wish.since + STEADY_SECONDS - time.monotonic()
                if wish.task is not None:
                    self._wish = _Wish(marks=self.view.draft)
                    return wish
                if self.view.status == "asking" and left <= 0 and not self._labeller_looked(wish.marks):
                    return wish
                self._changed.wait(left if left > 0 else None)
            return None

    def _labeller_looked(self, marks: tuple[int, ...]) -> bool:
        assert self._labeller is not None
        return self._labeller.has_looked_ahead(marks)

    def _again(self, labeller: Labeller) -> None:
        labeller.keep_draft(labeller.take_back(lambda text: self._show(message=text)))

    def _publish(self, waited: float) -> None:
        """Show where the labeller stands now."""
        assert self._labeller is not None
        labeller = self._labeller
        state = labeller.loop.state
        draft = tuple(labeller.draft()) if labeller.query is not None else ()
        with self._changed:
            self._wish = _Wish(marks=draft)
            self._show(
                status="done" if labeller.query is None else "asking",
                message="",
                window=self.view.window + 1,
                percentage=labeller.loop.settings.pseudo_labels.anomaly_percentage,
                number=labeller.answered + 1,
                query=labeller.query,
                draft=draft,
                pool=labeller.loop.pool,
                test=labeller.loop.test,
                gold=state.gold.copy(),
                scores=state.scores,
                test_scores=state.test_scores,
                answers=tuple(labeller.session.answers),
                curve=tuple(state.curve),
                functions=tuple(labeller.loop.labelling_functions()),
                notes=tuple(labeller.session.notes),
                waited=waited,
            )

    def _show(self, **changes: object) -> None:
        self.view = replace(self.view, version=self.view.version + 1, **changes)  # type: ignore[arg-type]
