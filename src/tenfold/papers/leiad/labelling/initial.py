"""Initial labelling functions: thresholds on the detectors' scores (card 3.4)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.labelling.votes import ABSTAIN, ANOMALY, NORMAL, LabellingFunction
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.settings import LoopSettings


def initial_functions(pool: Pool, settings: LoopSettings) -> list[LabellingFunction]:
    """One function for each detector and one for the TS2Vec score, from the scores scaled over the pool."""
    names = [*pool.detectors, "ts2vec"]
    votes = threshold_votes(pool.initial_scores, settings.initial)
    functions = [
        LabellingFunction.of_votes(name, "initial", 0, column) for name, column in zip(names, votes.T, strict=True)
    ]
    return functions if settings.detectors else functions[-1:]


def threshold_votes(scores: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Votes int8 of the shape of `scores`: normal below the lower bound, anomaly above the upper one, else abstain."""
    low, high = bounds
    votes = np.full(scores.shape, ABSTAIN, dtype=np.int8)
    votes[scores < low] = NORMAL
    votes[scores > high] = ANOMALY
    return votes
