"""Evaluate stage: HR@k and NDCG@k from ranks, and means of everything else that is measured user by user."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.metrics.ranking import discounted_gains, hits
from tenfold.training.finished import FinishedRun

CUTS = (5, 10, 20)
COMPARED_BY_USER = ("hr@10", "ndcg@10", "ndcg@20")
"""Metrics whose outcomes are kept user by user, for the claims."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Measurements of every seed and split of a run, from its predictions `<seed>/<split>/<what>`."""
    measurements: list[Measurement] = []
    for name, outcomes in sorted(run.predictions.items()):
        seed, split, what = name.split("/")
        measurements += _measurements(seed, split, what, outcomes)
    return measurements


def _measurements(seed: str, split: str, what: str, outcomes: np.ndarray) -> Iterator[Measurement]:
    if what != "rank":
        yield Measurement(int(seed), what, float(outcomes.mean()), split, samples=outcomes)
        return
    for cut in CUTS:
        for name, samples in ((f"hr@{cut}", hits(outcomes, cut)), (f"ndcg@{cut}", discounted_gains(outcomes, cut))):
            kept = samples if name in COMPARED_BY_USER and split != "valid" else None
            yield Measurement(int(seed), name, float(samples.mean()), split, samples=kept)
