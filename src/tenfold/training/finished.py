"""A finished run, read back from its folder."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.files import read_arrays, read_json

if TYPE_CHECKING:
    import numpy as np


class FinishedRun:
    """What a job left behind: `run.json`, `history.jsonl`, `predictions.npz`, and `model.pt` where it has one."""

    def __init__(self, directory: Path, prepared: Path) -> None:
        self.directory = directory
        self.prepared = prepared

    @cached_property
    def record(self) -> dict[str, Any]:
        """Content of run.json: job, settings, digests, versions, host, cost."""
        return read_json(self.directory / "run.json")

    @property
    def dataset(self) -> str:
        return self.record["dataset"]

    @property
    def method(self) -> str:
        return self.record["method"]

    @property
    def seeds(self) -> list[int]:
        return self.record["seeds"]

    @property
    def settings(self) -> dict[str, Any]:
        """Resolved training settings."""
        return self.record["settings"]

    @cached_property
    def predictions(self) -> dict[str, np.ndarray]:
        """Arrays that the paper's train stage saved."""
        return read_arrays(self.directory / "predictions.npz")

    @cached_property
    def data(self) -> dict[str, np.ndarray]:
        """Arrays that the paper's prepare stage saved."""
        return read_arrays(self.prepared / "data.npz")

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """Rows logged during training: `loop`, `step`, and the logged values."""
        with (self.directory / "history.jsonl").open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def model(self) -> dict[str, Any]:
        """State dictionaries that the paper's train stage saved, on the CPU."""
        import torch

        return torch.load(self.directory / "model.pt", map_location="cpu", weights_only=True)
