"""The finished runs of one data set and method, seeds of all jobs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tenfold.papers.pruning_init.evaluate import error_rates
from tenfold.results import Results


@dataclass(frozen=True)
class Grid:
    """Arrays (S, keep rates, noise levels, ...) of a grid of the theory."""

    dataset: str
    method: str
    settings: dict[str, Any]
    prepare: dict[str, Any]
    """What the data set's prepare settings say about its examples."""
    arrays: dict[str, np.ndarray]

    @property
    def keep(self) -> np.ndarray:
        """Shares kept, from the highest to the lowest."""
        return self.arrays["keep"]

    @property
    def noise(self) -> np.ndarray:
        return self.arrays["noise"]

    @cached_property
    def error(self) -> np.ndarray:
        """Test error (S, keep rates, noise levels); that of guessing where a cell diverged."""
        return np.where(self.arrays["diverged"], self.chance, error_rates(self.arrays["predicted"]))

    @property
    def chance(self) -> float:
        """Error of guessing."""
        return 1 - 1 / self.prepare["classes"]

    @property
    def per_class(self) -> float:
        """Expected number of training examples of a class."""
        return self.prepare["examples"] / self.prepare["classes"]

    def nearest(self, noise: float, keep: float) -> tuple[int, int]:
        """Indices (keep rate, noise level) of the cell nearest on logarithmic axes."""
        column = int(np.abs(np.log(self.keep / keep)).argmin())
        return column, int(np.abs(np.log(self.noise / noise)).argmin())


def grid_of(results: Results, dataset: str, method: str) -> Grid | None:
    """The grid of a method on a data set; None when this scale has no finished run of it."""
    runs = [run for run in results.runs() if (run.dataset, run.method) == (dataset, method)]
    if not runs:
        return None
    shared = {"keep", "noise", "curve/step"}
    parts = [run.predictions for run in runs]
    arrays = {
        name: array if name in shared else np.concatenate([part[name] for part in parts])
        for name, array in parts[0].items()
    }
    prepare = results.paper.datasets[dataset].prepare["theory"]
    return Grid(dataset, method, runs[0].settings["theory"], prepare, arrays)


def first_grid(results: Results, datasets: list[str], method: str = "random") -> Grid | None:
    """The grid of the first data set that has one."""
    found = (grid_of(results, dataset, method) for dataset in datasets)
    return next((grid for grid in found if grid is not None), None)


def crossing(keep: np.ndarray, values: np.ndarray, level: float) -> float | None:
    """The keep rate at which `values` first fall below `level` on the way from dense to sparse; None: never.

    Between two rates the place is found on a logarithmic axis of keep. Infinite where the densest value is below.
    """
    below = values < level
    if not below.any():
        return None
    index = int(below.argmax())
    if index == 0:
        return float("inf")
    before, after = values[index - 1], values[index]
    share = (before - level) / (before - after) if np.isfinite(before) else 0.5
    return float(np.exp(np.log(keep[index - 1]) + share * np.log(keep[index] / keep[index - 1])))


def rise(keep: np.ndarray, values: np.ndarray, level: float) -> float | None:
    """The keep rate at which `values`, once below `level`, rise above it again on the way to sparse; None: never."""
    below = values < level
    if not below.any():
        return None
    start = int(below.argmax())
    later = np.flatnonzero(~below[start:])
    if not later.size:
        return None
    index = start + int(later[0])
    share = (level - values[index - 1]) / (values[index] - values[index - 1])
    return float(np.exp(np.log(keep[index - 1]) + share * np.log(keep[index] / keep[index - 1])))
