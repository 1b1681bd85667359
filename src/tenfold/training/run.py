"""A run: what a paper's `train(run)` gets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tenfold.files import read_arrays
from tenfold.training import checkpoint, seeding
from tenfold.training.checkpoint import State
from tenfold.training.finished import FinishedRun
from tenfold.training.history import History
from tenfold.training.job import UNFINISHED, Job
from tenfold.training.loop import Loop
from tenfold.training.progress import Progress


class Run:
    """One job under way. The paper's train stage loops over `seeds` (or trains them all as one batch) and saves

    - `save_predictions(...)`: arrays from which evaluate can compute every metric without the model (required);
    - `save_model(...)`: state dictionaries, where another run or a user may want the weights.
    """

    def __init__(
        self, job: Job, device: torch.device, *, signature: str, progress: Progress, checkpoint_seconds: float = 30.0
    ) -> None:
        self.job = job
        self.device = device
        self.progress = progress
        self.resumed = 0
        self.predictions: dict[str, np.ndarray] | None = None
        self.model: dict[str, Any] | None = None
        self._signature = signature
        self._checkpoint_seconds = checkpoint_seconds
        self._loops: list[Loop] = []
        self.history = History(self.unfinished / "history.jsonl")

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.job.seeds

    @property
    def dataset(self) -> str:
        return self.job.dataset

    @property
    def method(self) -> str:
        return self.job.method

    @property
    def settings(self) -> dict[str, Any]:
        """Resolved training settings of this job."""
        return self.job.settings

    @property
    def directory(self) -> Path:
        return self.job.directory

    @property
    def unfinished(self) -> Path:
        return self.directory / UNFINISHED

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """Arrays that the paper's prepare stage saved."""
        return read_arrays(self.job.prepared / "data.npz")

    @cached_property
    def after(self) -> FinishedRun:
        """The finished run that this one starts from (`after:` in the method's settings)."""
        if self.job.after_directory is None:
            raise ValueError(f"{self.job.name}: the method has no `after:` in the paper's YAML")
        return FinishedRun(self.job.after_directory, self.job.prepared)

    def generator(self, seed: int, *purpose: str | int) -> torch.Generator:
        """PyTorch generator on the CPU for one purpose (same numbers whatever the device)."""
        return seeding.torch_generator(seed, *purpose)

    def numpy_generator(self, seed: int, *purpose: str | int) -> np.random.Generator:
        """NumPy generator for one purpose."""
        return seeding.numpy_generator(seed, *purpose)

    def seeded(self, seed: int, *purpose: str | int) -> AbstractContextManager[None]:
        """Block in which PyTorch's default generators start from this seed: for initial values of layers."""
        return seeding.seeded(seed, *purpose)

    def loop(self, name: str, total: int, state: State, *, seed: int | None = None) -> Loop:
        """A resumable loop of `total` steps over `state` (modules, optimizers, generators, tensors, early stopping).

        `name` is unique in the run, such as `seed-0`. PyTorch's default generators, from which dropout draws, start
        from `seed` (the first of the block when left out) and the loop's name.
        """
        torch.manual_seed(seeding.derived_seed(self.seeds[0] if seed is None else seed, "loop", name))
        loop = Loop(
            name,
            total,
            state,
            path=self.unfinished / f"checkpoint-{name}.pt",
            signature=self._signature,
            history=self.history,
            progress=self.progress,
            checkpoint_seconds=self._checkpoint_seconds,
        )
        self._loops.append(loop)
        return loop

    def save_predictions(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Arrays for evaluate; written when the run ends. Names may carry the seed, such as `0/rank`."""
        self.predictions = dict(arrays)

    def save_model(self, states: Mapping[str, Any]) -> None:
        """State dictionaries to keep as model.pt; written when the run ends."""
        self.model = dict(states)

    def times_resumed(self) -> int:
        """How many loops went on from a checkpoint in this process."""
        return sum(loop.resumed_at is not None for loop in self._loops)

    def write_model(self) -> None:
        if self.model is not None:
            checkpoint.save(self.directory / "model.pt", self.model)
