"""Measured numbers and recorded learning curves, found again for figures and tables."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tenfold.papers.leiad import curves
from tenfold.papers.leiad.measuring import columns_of
from tenfold.results import Results
from tenfold.training.finished import FinishedRun

LEIAD = "leiad"
DETECTORS = ("uad-iforest", "uad-sr", "uad-stl", "uad-luminol", "uad-rrcf", "uad-ts2vec")
ACTIVE = ("al-uncertainty", "al-random", "al-most-anomalous", "al-committee")

Values = dict[tuple[str, str], list[float]]
"""(data set, method) -> values of all seeds."""


def values(results: Results, metric: str, split: str = "test") -> Values:
    """One metric on one split."""
    return {key: list(by_seed.values()) for key, by_seed in results.values(metric, split).items()}


def datasets(results: Results) -> list[str]:
    """Data sets with metrics, in the YAML's order."""
    return results.known("datasets", None, results.metrics["dataset"])


def methods(results: Results, dataset: str, among: Iterable[str] | None = None) -> list[str]:
    """Measured methods of a data set, in the YAML's order; only those `among` some where given."""
    table = results.metrics
    found = set(table[table["dataset"] == dataset]["method"])
    return results.known("methods", None, found if among is None else found & set(among))


def mean_of(found: Values, dataset: str, method: str) -> float:
    """Mean over seeds; not a number where nothing was measured."""
    numbers = found.get((dataset, method))
    return float(np.mean(numbers)) if numbers else float("nan")


def runs(results: Results, dataset: str, method: str) -> list[FinishedRun]:
    """The finished runs (blocks of seeds) of a method."""
    return [run for run in results.runs() if (run.dataset, run.method) == (dataset, method)]


def recorded_curves(results: Results, dataset: str, method: str) -> list[np.ndarray]:
    """The learning-curve table of each seed; none for a method that does not learn."""
    return [
        run.predictions[f"{seed}/curve"]
        for run in runs(results, dataset, method)
        for seed in run.seeds
        if f"{seed}/curve" in run.predictions
    ]


def interpolated(tables: list[np.ndarray], column: str) -> tuple[np.ndarray, np.ndarray]:
    """Interactions (B + 1,) and the column at each of them (seeds, B + 1)."""
    budget = max(int(columns_of(table, "interactions")[-1]) for table in tables)
    steps = np.arange(budget + 1)
    return steps, np.stack([curves.at(table, column, steps) for table in tables])


def panel_title(results: Results, dataset: str) -> str:
    """Title of a panel; that the data stands in for other data is on a line of its own."""
    title, label = results.dataset_title(dataset), results.label(dataset)
    return title if label == title else f"{title}\n{label.removeprefix(title).strip()}"
