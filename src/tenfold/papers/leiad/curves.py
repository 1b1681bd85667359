"""Learning curves read at equal numbers of interactions."""

from __future__ import annotations

import numpy as np

from tenfold.metrics.correlation import spearman
from tenfold.papers.leiad.measuring import columns_of

EARLY = 20
"""Interactions of the early stretch; the late one is the rest."""


def at(table: np.ndarray, name: str, interactions: np.ndarray) -> np.ndarray:
    """A column of a curve's table at these numbers of interactions, interpolated linearly between iterations.

    Not a number where the curve has no value, or does not go so far.
    """
    steps, values = columns_of(table, "interactions"), columns_of(table, name)
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(interactions), np.nan)
    return np.interp(interactions, steps[known], values[known], right=np.nan)


def area(table: np.ndarray, name: str, first: int, last: int) -> float:
    """ALC: the mean of the interpolated curve over `first` to `last` interactions. Not a number if it ends before."""
    return float(at(table, name, np.arange(first, last + 1)).mean()) if first <= last else float("nan")


def reached(table: np.ndarray, name: str, target: float) -> int:
    """Fewest interactions at which the curve is at least `target`; one more than it has where it never is."""
    last = int(columns_of(table, "interactions")[-1])
    values = at(table, name, np.arange(last + 1))
    found = np.flatnonzero(values >= target)
    return int(found[0]) if len(found) else last + 1


def trend(table: np.ndarray, name: str) -> float:
    """Spearman's rank correlation of a column with the interactions."""
    steps, values = columns_of(table, "interactions"), columns_of(table, name)
    known = np.isfinite(values)
    return spearman(steps[known], values[known]) if known.sum() > 1 else float("nan")
