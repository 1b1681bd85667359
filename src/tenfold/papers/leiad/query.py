"""Which points are shown next (card 3.8), and the simpler strategies it is compared with."""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.labelling.majority import anomaly_share
from tenfold.papers.leiad.labelling.votes import Votes
from tenfold.papers.leiad.pool import scaled


def binary_entropy(share: np.ndarray) -> np.ndarray:
    """Entropy in nats of a coin with this probability; 0 at both ends."""
    from scipy.special import entr

    return entr(share) + entr(1 - share)


def diversity(representations: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """1 - (mean inner product with the labelled points) of each point (N,); 0 before any label.

    The sum over labelled points is taken inside the product, so it costs N R whatever their number.
    """
    labelled = gold >= 0
    if not labelled.any():
        return np.zeros(len(gold))
    mean = representations[labelled].mean(0, dtype=np.float64)
    return 1 - representations @ mean.astype(representations.dtype)


def combined(parts: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Weighted sum (N,) of the columns of `parts` (N, 5), each min-max scaled over the pool."""
    return scaled(parts) @ np.asarray(weights)


def leiad_scores(
    votes: Votes,
    scores: np.ndarray,
    diverse: np.ndarray,
    suspicion: np.ndarray,
    weights: tuple[float, ...],
) -> np.ndarray:
    """Query scores (N,): disagreement and abstention of the votes, uncertainty of the end model's `scores` (N,), the
    points' diversity (N,) and prior suspicion (N,), weighted.
    """
    parts = [
        binary_entropy(anomaly_share(votes)),
        np.log1p(votes.abstaining),
        binary_entropy(scores),
        diverse,
        suspicion,
    ]
    return combined(np.stack(parts, axis=1).astype(np.float64), weights)


def committee_scores(votes: Votes) -> np.ndarray:
    """Vote entropy (N,) of the detectors' labelling functions: how split those that vote are."""
    return binary_entropy(anomaly_share(votes))


def highest(scores: np.ndarray, gold: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Places of the `count` unlabelled points with the largest scores, best first; equal ones in random order.

    Trees and votes give many points the same score, and the first of them all lie in the first series.
    """
    free = np.flatnonzero(gold < 0)
    count = min(count, len(free))
    if count == 0:
        return free
    bound = np.partition(scores[free], len(free) - count)[len(free) - count]
    candidates = generator.permutation(free[scores[free] >= bound])
    return candidates[np.argsort(-scores[candidates], kind="stable")[:count]]
