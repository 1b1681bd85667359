"""Gains of a method over baselines, and their overall mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tenfold.statistics import Interval, interval_of_pairs


def relative_gain(method: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Gain in percent of the baseline, element by element: 100 (method - baseline) / baseline."""
    return 100 * (method - baseline) / baseline


def absolute_gain(method: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Gain in points: 100 (method - baseline)."""
    return 100 * (method - baseline)


def overall(gains: Sequence[Mapping[str, np.ndarray]]) -> tuple[float, Interval | None]:
    """Mean over hypergraphs, baselines and seeds, all weighing equally, with its interval over seeds.

    `gains` has for each hypergraph the gains (S,) over each baseline at the same S seeds.
    """
    strata = [np.mean(list(one.values()), axis=0) for one in gains]
    return float(np.mean([one.mean() for one in strata])), interval_of_pairs(strata)
