"""What a command that a paper brings gets: its data set, prepared, and the finished run that it starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.files import read_arrays, read_json
from tenfold.training.finished import FinishedRun

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class CommandTask:
    """Input of a paper's command, such as `label(task, ...)`."""

    paper: str
    dataset: str
    title: str
    """The data set's name for people."""
    scale: str
    seed: int
    prepared: Path
    """Folder of the prepared data."""
    labels: Path
    """Folder for what a person makes with the command: no result of the suite, never rebuilt, never versioned."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Resolved training settings of the method that the command's entry in the YAML names."""
    start: FinishedRun | None = None
    """The finished run that this method starts from (its `after:`)."""

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """Arrays that the paper's prepare stage saved."""
        return read_arrays(self.prepared / "data.npz")

    @cached_property
    def data_digest(self) -> str:
        """Digest of the prepared data."""
        return read_json(self.prepared / "manifest.json")["digest"]
