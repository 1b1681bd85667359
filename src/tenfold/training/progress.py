"""Progress of a job as plain lines: several jobs may write to one terminal, and to log files."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO


class Progress:
    """Prints a line every few seconds: job, part, step of how many, the last logged values, time left."""

    def __init__(self, job: str, every_seconds: float = 10.0, stream: TextIO | None = None) -> None:
        self._job = job
        self._every = every_seconds
        self._stream = stream or sys.stderr
        self._part = ""
        self._first = self._total = self._step = 0
        self._values: dict[str, float | int | str] = {}
        self._started = self._shown = time.monotonic()

    def start(self, part: str, step: int, total: int) -> None:
        """A part of the job (one seed, one phase) begins after `step` of `total` steps."""
        self._part, self._first, self._step, self._total = part, step, step, total
        self._values = {}
        self._started = time.monotonic()

    def advance(self, step: int) -> None:
        """`step` is done; a line is printed when the last one is old enough."""
        self._step = step
        now = time.monotonic()
        if now - self._shown >= self._every:
            self._shown = now
            self.say(self._line(now))

    def show(self, values: Mapping[str, float | int | str]) -> None:
        """Values to print with the next line."""
        self._values.update(values)

    def finish(self) -> None:
        """The part is over."""
        if self._step > self._first:
            seconds = time.monotonic() - self._started
            self.say(f"{self._part} done: {self._step} of {self._total} in {_duration(seconds)}{self._numbers()}")

    def say(self, text: str) -> None:
        """Print one line now, with the job's name before it."""
        print(f"[{self._job}] {text}", file=self._stream, flush=True)

    def _line(self, now: float) -> str:
        done = self._step - self._first
        left = (now - self._started) / max(done, 1) * (self._total - self._step)
        return f"{self._part} {self._step}/{self._total}{self._numbers()}, {_duration(left)} left"

    def _numbers(self) -> str:
        shown = [
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in list(self._values.items())[:4]
        ]
        return f" ({', '.join(shown)})" if shown else ""


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
