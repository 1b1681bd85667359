"""The loop of a run: counts steps, logs, saves checkpoints, resumes, stops."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tenfold.errors import RunFailed
from tenfold.training import checkpoint
from tenfold.training.checkpoint import State
from tenfold.training.history import History
from tenfold.training.progress import Progress


class Loop:
    """Iterate over it to get the steps that are still to do: `for epoch in loop: ...`.

    The first iteration restores `state` (and PyTorch's default generators) from the last checkpoint, so the body goes
    on as if nothing had happened. After the body a checkpoint is saved when the last one is older than
    `checkpoint_seconds`, and always after the last step. Leave early with `stop()`, not with `break`: the step that is
    under way still counts. After the loop, `state` is that of the last step, also when a resumed run had none left.
    """

    def __init__(
        self,
        name: str,
        total: int,
        state: State,
        *,
        path: Path,
        signature: str,
        history: History,
        progress: Progress,
        checkpoint_seconds: float,
    ) -> None:
        self.name = name
        self.total = total
        self.step = 0
        self.resumed_at: int | None = None
        self._state = state
        self._path = path
        self._signature = signature
        self._history = history
        self._progress = progress
        self._checkpoint_seconds = checkpoint_seconds
        self._stopped = False

    def __iter__(self) -> Iterator[int]:
        self._restore()
        saved_at = time.monotonic()
        self._progress.start(self.name, self.step, self.total)
        while self.step < self.total and not self._stopped:
            self.step += 1
            yield self.step
            self._progress.advance(self.step)
            due = time.monotonic() - saved_at >= self._checkpoint_seconds
            if due or self._stopped or self.step == self.total:
                self._save()
                saved_at = time.monotonic()
        self._progress.finish()

    def log(self, **values: float | int | str) -> None:
        """Add a row to the history. Raises RunFailed when a value is not a finite number."""
        for key, value in values.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise RunFailed(
                    f"{self.name}: {key} is {value} at step {self.step}; the history up to here is kept. "
                    "A smaller learning rate is the usual remedy"
                )
        self._history.append({"loop": self.name, "step": self.step, **values})
        self._progress.show(values)

    def stop(self) -> None:
        """End the loop after this step (early stopping, convergence)."""
        self._stopped = True

    def _save(self) -> None:
        checkpoint.save(
            self._path,
            {
                "signature": self._signature,
                "step": self.step,
                "stopped": self._stopped,
                "history": self._history.keep(),
                "random": checkpoint.random_state(),
                "state": checkpoint.snapshot(self._state),
            },
        )

    def _restore(self) -> None:
        saved = self._read()
        if saved is not None:
            checkpoint.restore(self._state, saved["state"])
            checkpoint.set_random_state(saved["random"])
            self.step, self._stopped = saved["step"], saved["stopped"]
            self._history.kept_until(saved["history"])
            self.resumed_at = self.step
            self._progress.say(f"{self.name}: resumes after step {self.step} of {self.total}")
        if saved is None or (self.step < self.total and not self._stopped):
            self._history.rewind()

    def _read(self) -> dict[str, Any] | None:
        if not self._path.exists():
            return None
        saved = checkpoint.load(self._path)
        if saved is None:
            self._progress.say(f"{self.name}: checkpoint {self._path.name} is damaged; this part starts again")
        elif saved.get("signature") != self._signature:
            self._progress.say(f"{self.name}: settings, data or code changed since the checkpoint; starts again")
            saved = None
        return saved
