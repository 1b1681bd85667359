"""What is measured of scores: average precision and ROC AUC, on all points or on those without a label of the user."""

from __future__ import annotations

import numpy as np

from tenfold.metrics.binary import average_precision, roc_auc
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.state import State


def curve_row(pool: Pool, test: Pool | None, state: State) -> dict[str, float]:
    """Counts, and, where true labels are known, AP and AUC: the end model's and the label model's.

    `train_` is over the whole pool (the user's labels are among what the model learnt from), `unlabelled_` over the
    points the user has not labelled, `test_` over the test pool; `label_` is the label model on unlabelled points.
    """
    row: dict[str, float] = {
        "iteration": state.iteration,
        "interactions": state.interactions,
        "labelled": int((state.gold >= 0).sum()),
        "anomalies": int((state.gold == 1).sum()),
        "functions": len(state.votes),
        "majority": int(state.use_majority),
    }
    if (pool.labels < 0).any() or state.scores is None:
        return row
    free = state.gold < 0
    row |= pair("train", state.scores, pool.labels)
    row |= pair("unlabelled", state.scores[free], pool.labels[free])
    if state.label_scores is not None:
        row |= pair("label", state.label_scores[free], pool.labels[free])
    if test is not None and state.test_scores is not None:
        row |= pair("test", state.test_scores, test.labels)
    return row


def pair(prefix: str, scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """`<prefix>_ap` and `<prefix>_auc` of scores (n,); left out where they are not defined."""
    found = {f"{prefix}_ap": average_precision(scores, labels == 1), f"{prefix}_auc": roc_auc(scores, labels == 1)}
    return {name: value for name, value in found.items() if np.isfinite(value)}
