"""Simulated users: what they mark in a window, from the true labels (card 3.11)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenfold.papers.leiad.state import Query

Oracle = Callable[[Query], np.ndarray]
"""From a shown window to the marked points (places in the pool)."""


def perfect(labels: np.ndarray) -> Oracle:
    """Marks exactly the anomalous points; `labels` (N,) of the pool."""

    def mark(shown: Query) -> np.ndarray:
        return shown.start + np.flatnonzero(labels[shown.start : shown.stop] == 1)

    return mark
