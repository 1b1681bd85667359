"""How good a classifier is, and which candidate of a method's grid is chosen, by validation data only."""

from __future__ import annotations

import numpy as np


def quality(scores: np.ndarray, labels: np.ndarray) -> float:
    """AUC for two classes, accuracy for more; scores (N, K), labels (N,)."""
    if scores.shape[-1] == 2:
        from tenfold.metrics.binary import roc_auc

        return roc_auc(scores[:, 1], labels == 1)
    return float((scores.argmax(-1) == labels).mean())


def chosen(quality: np.ndarray, precision: np.ndarray, budget: np.ndarray) -> np.ndarray:
    """For each seed (S,) the candidate with the highest validation P@k among those whose quality is within the budget.

    `quality` and `precision` are (S, G), `budget` (S,) is the lowest allowed quality. Where no candidate is within it,
    the one with the highest quality, which misses it least. Ties go to the first.
    """
    allowed = quality >= budget[:, None]
    value = np.where(allowed, precision, -np.inf)
    return np.where(allowed.any(axis=1), value.argmax(axis=1), quality.argmax(axis=1))


def selection_score(quality: float, precision: float, budget: float) -> float:
    """What methods are compared by when the best of several is chosen: validation P@k within the budget.

    Outside it is negative, minus the shortfall in quality: such a method is chosen only if none is within.
    """
    return precision if quality >= budget else quality - budget
