"""Numbers of metrics.csv, and the arrays that runs left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tenfold.results import Results
from tenfold.training.finished import FinishedRun

Values = dict[tuple[str, str], dict[int, float]]


def cells(results: Results) -> Iterator[tuple[str, str]]:
    """(data set, method) of all that was measured, in the order of the paper's YAML."""
    found = results.values("ssim")
    for dataset in results.known("datasets", None, {name for name, _ in found}):
        for method in results.known("methods", None, {method for name, method in found if name == dataset}):
            yield dataset, method


class Outcome(NamedTuple):
    """One seed of one run."""

    run: FinishedRun
    seed: int
    arrays: Mapping[str, np.ndarray]
    """What training saved for the seed."""

    @property
    def context(self) -> int:
        """Frames that were given."""
        return int(self.run.settings["measuring"]["context"])


def outcomes(results: Results) -> Iterator[Outcome]:
    """Every seed of every finished run."""
    for run in results.runs():
        for seed in run.seeds:
            start = f"{seed}/"
            arrays = {
                name.removeprefix(start): array for name, array in run.predictions.items() if name.startswith(start)
            }
            yield Outcome(run, seed, arrays)


def first_outcomes(results: Results) -> dict[tuple[str, str], Outcome]:
    """(data set, method) -> its first seed."""
    found: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes(results):
        found.setdefault((outcome.run.dataset, outcome.run.method), outcome)
    return found
