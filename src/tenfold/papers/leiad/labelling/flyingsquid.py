"""FlyingSquid's closed form for conditionally independent labelling functions (card 4)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.labelling.votes import Votes

MOST = 1 - 1e-3
"""Largest accuracy a_i: two functions that never disagree would otherwise be infinitely sure."""


def accuracies(votes: Votes) -> np.ndarray:
    """a_i = E[l_i y] (m,) with votes -1 and +1: the mean over triplets of sqrt(|E[ij] E[ik] / E[jk]|), taken positive.

    Products are averaged over the points on which both functions vote. A function that is in no usable triplet gets 0.
    """
    size = len(votes)
    together = votes.together.reshape(size, 2, size, 2)
    agree = together[:, 0, :, 0] + together[:, 1, :, 1]
    both = together.sum(axis=(1, 3))
    moments = np.abs(np.where(both > 0, 2 * agree - both, 0) / np.maximum(both, 1))  # |E[l_i l_j]| (m, m)
    with np.errstate(divide="ignore", invalid="ignore"):
        triplets = np.sqrt(moments[:, :, None] * moments[:, None, :] / moments[None])  # (i, j, k)
    place = np.arange(size)
    distinct = (
        (place[:, None, None] != place[:, None]) & (place[:, None, None] != place) & (place[:, None] != place)  # j != k
    )
    usable = distinct & np.isfinite(triplets)
    count = usable.sum(axis=(1, 2))
    sums = np.where(usable, np.minimum(np.nan_to_num(triplets), 1), 0).sum(axis=(1, 2))
    return np.minimum(sums / np.maximum(count, 1), MOST)


def weights(votes: Votes) -> np.ndarray:
    """Log odds (m, 2) that a vote of each function, normal or anomaly, adds."""
    accuracy = accuracies(votes)
    odds = np.log((1 + accuracy) / (1 - accuracy))
    return np.stack([-odds, odds], axis=1)
