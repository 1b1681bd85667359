"""Labelling functions made from what the user marked in a window, and from a model of the user's labels (card 3.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from tenfold.papers.leiad.labelling.votes import ABSTAIN, ANOMALY, NORMAL
from tenfold.papers.leiad.pool import FLOOR

BLOCK = 1 << 22
"""Numbers held at a time; larger tables go through in blocks of points or anchors."""


def representation_votes(
    representations: np.ndarray, anchors: np.ndarray, deviations: float, kind: Literal["fixed", "published"]
) -> np.ndarray:
    """Points (N,) bool that lie nearer to any anchor than the mean distance less so many standard deviations.

    The distance is L1 between representations (N, R) divided by their l2 norm; `published` leaves the anchor's as it
    is, which is what the authors' code does, and nearly nothing is near enough then.
    """
    norms = np.linalg.norm(representations, axis=1, keepdims=True)
    unit = representations / np.maximum(norms, FLOOR)
    found = np.zeros(len(unit), dtype=bool)
    for anchor in anchors:  # each has its own mean and spread over the pool
        distance = _l1(unit, unit[anchor] if kind == "fixed" else representations[anchor])
        found |= distance < distance.mean() - deviations * distance.std()
    return found


def _l1(points: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """L1 distances (N,) of `points` (N, R) to one point, in double precision."""
    step = max(1, BLOCK // points.shape[1])
    return np.concatenate(
        [
            np.abs(points[start : start + step] - anchor).sum(1, dtype=np.float64)
            for start in range(0, len(points), step)
        ]
    )


def statistics_votes(inputs: np.ndarray, anchors: np.ndarray, deviations: float) -> np.ndarray:
    """Points (N,) bool whose inner product with any anchor exceeds the mean by so many standard deviations.

    `inputs` (N, F) are the end model's; each anchor has its own mean and standard deviation (ddof 0) over the pool.
    """
    found = np.zeros(len(inputs), dtype=bool)
    for block in _blocks(anchors, max(1, BLOCK // len(inputs))):
        products = inputs @ inputs[block].T  # (N, a)
        bound = products.mean(0, dtype=np.float64) + deviations * products.std(0, dtype=np.float64)
        found |= (products > bound).any(axis=1)
    return found


def _blocks(anchors: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(anchors), size):
        yield anchors[start : start + size]


def votes_for(found: np.ndarray, window: slice, marked: np.ndarray) -> np.ndarray:
    """A column of votes (N,): anomaly where `found`, the user's labels inside the window, abstain elsewhere."""
    votes = np.where(found, ANOMALY, ABSTAIN).astype(np.int8)
    votes[window] = NORMAL
    votes[marked] = ANOMALY
    return votes


def gold_model_votes(scores: np.ndarray, anomaly_percentage: float) -> np.ndarray:
    """Votes (N,) of the model of the user's labels: its top A / 2 percent, its bottom (100 - A) / 2 percent."""
    upper, lower = np.percentile(scores, [100 - anomaly_percentage / 2, (100 - anomaly_percentage) / 2])
    votes = np.full(len(scores), ABSTAIN, dtype=np.int8)
    votes[scores >= upper] = ANOMALY
    votes[scores <= lower] = NORMAL
    if upper == lower:
        votes[scores == upper] = ABSTAIN
    return votes
