"""Numbers of metrics.csv by data set, method and seed, and the runs behind them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tenfold.results import Results, Values
from tenfold.training.finished import FinishedRun

VANILLA = "vanilla"
R2ET = ("r2et", "r2et-mm", "r2et-no-h", "r2et-mm-no-h")
"""The variants that claims choose from."""
FAMILY = "family"


def cells(results: Results) -> Iterator[tuple[str, str]]:
    """(data set, method) of all that has a P@k, in the order of the paper's YAML; Vanilla first."""
    found = results.values("precision", "ranking")
    for dataset in results.known("datasets", None, {name for name, _ in found}):
        methods = results.known("methods", None, {method for name, method in found if name == dataset})
        for method in sorted(methods, key=lambda name: name != VANILLA):
            yield dataset, method


def paired(found: Values, dataset: str, method: str, other: str) -> np.ndarray:
    """Differences method - other over the seeds that both have."""
    first, second = found.get((dataset, method), {}), found.get((dataset, other), {})
    return np.array([first[seed] - second[seed] for seed in sorted(set(first) & set(second))])


def runs(results: Results, method: str) -> dict[str, list[FinishedRun]]:
    """Data set -> the finished runs (blocks of seeds) of a method."""
    found: dict[str, list[FinishedRun]] = {}
    for run in results.runs():
        if run.method == method:
            found.setdefault(run.dataset, []).append(run)
    return found


def best_variant(results: Results, dataset: str, seed: int) -> str | None:
    """The R2ET variant that is best on validation data at this seed."""
    found = results.values("selection", "validation")
    candidates = {m: found[dataset, m][seed] for m in R2ET if seed in found.get((dataset, m), {})}
    return max(candidates, key=lambda name: candidates[name]) if candidates else None
