"""Labelling functions made from what the user marked in a window, and from a model of the user's labels (card 3.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from tenfold.papers.leiad.labelling.votes import ABSTAIN, ANOMALY, NORMAL
from tenfold.papers.leiad.pool import FLOOR

BLOCK = 1 << 22
"""Numbers of a table of points by anchors that are held at a time."""


def representation_votes(
    representations: np.ndarray, anchors: np.ndarray, deviations: float, kind: Literal["fixed", "published"]
) -> np.ndarray:
    """Points (N,) bool that lie nearer to any anchor than the mean distance less so many standard deviations.

    The distance is L1 between representations (N, R) divided by their l2 norm; `published` leaves the anchor's as it
    is, which is what the authors' code does, and nearly nothing is near enough then.
    """
    norms = np.linalg.norm(representations, axis=1, keepdims=True)
    unit = (representations / np.maximum(norms, FLOOR)).astype(np.float32)
    aims = unit[anchors] if kind == "fixed" else representations[anchors].astype(np.float32)
    found = np.zeros(len(unit), dtype=bool)
    for block in _blocks(aims, len(unit)):
        distance = torch.cdist(torch.from_numpy(unit), torch.from_numpy(block), p=1).numpy()  # (N, a)
        bound = distance.mean(0, dtype=np.float64) - deviations * distance.std(0, dtype=np.float64)
        found |= (distance < bound).any(axis=1)
    return found


def statistics_votes(inputs: np.ndarray, anchors: np.ndarray, deviations: float) -> np.ndarray:
    """Points (N,) bool whose inner product with any anchor exceeds the mean by so many standard deviations.

    `inputs` (N, F) are the end model's; each anchor has its own mean and standard deviation (ddof 0) over the pool.
    """
    found = np.zeros(len(inputs), dtype=bool)
    for block in _blocks(inputs[anchors], len(inputs)):
        products = inputs @ block.T  # (N, a)
        bound = products.mean(0, dtype=np.float64) + deviations * products.std(0, dtype=np.float64)
        found |= (products > bound).any(axis=1)
    return found


def _blocks(anchors: np.ndarray, points: int) -> Iterator[np.ndarray]:
    """The anchors (a, .) in pieces, so that a table of points by anchors stays small."""
    size = max(1, BLOCK // points)
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
