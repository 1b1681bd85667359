"""Small pools for tests."""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.labelling.votes import LabellingFunction, Votes
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.settings import LoopSettings

SMALL = {"end_model": {"leaves": 7, "rounds": 5, "bins": 15}, "query": {"reach": 10}, "budget": 12}


def made_up_pool(seed: int = 0, series: int = 8, length: int = 120, share: float = 0.03) -> Pool:
    """Series with runs of anomalies that detectors, features and representations half see."""
    generator = np.random.default_rng(seed)
    points = series * length
    labels = np.zeros(points, dtype=np.int8)
    for start in generator.choice(points - 4, round(points * share / 2), replace=False):
        labels[start : start + generator.integers(1, 4)] = 1
    seen = labels[:, None]
    return Pool(
        names=tuple(f"series-{number}" for number in range(series)),
        offsets=np.arange(series + 1, dtype=np.int64) * length,
        timestamps=np.arange(points),
        values=generator.standard_normal(points) + 3 * labels,
        labels=labels,
        detectors=("first", "second", "third", "fourth", "fifth"),
        scores=np.clip(generator.random((points, 5)) * 0.6 + seen * generator.random((points, 5)), 0, 1).astype(
            np.float32
        ),
        features=(generator.standard_normal((points, 75)) + seen * generator.random(75)).astype(np.float32),
        representations=(generator.standard_normal((points, 6)) + seen).astype(np.float32),
        deviation=np.clip(generator.random(points) * 0.6 + 0.4 * labels, 0, 1).astype(np.float32),
    )


def settings(**changes: object) -> LoopSettings:
    """Loop settings for small pools."""
    return LoopSettings.model_validate({**SMALL, **changes})


def votes_of(matrix: np.ndarray) -> Votes:
    """Votes from a dense matrix (N, m)."""
    votes = Votes(len(matrix))
    for number, column in enumerate(np.asarray(matrix).T):
        votes.append(LabellingFunction.of_votes(f"lf-{number}", "test", 0, column))
    return votes
