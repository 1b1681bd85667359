"""What is measured of scores: average precision and ROC AUC, on all points or on those without a label of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tenfold.metrics.binary import average_precision, roc_auc
from tenfold.papers.leiad.labelling.votes import Votes
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.state import State

COLUMNS = (
    "iteration", "interactions", "labelled", "anomalies", "functions", "majority",
    "train_ap", "train_auc", "unlabelled_ap", "unlabelled_auc", "label_ap", "label_auc", "test_ap", "test_auc",
)  # fmt: skip
"""Columns of a learning curve's table."""


def curve_row(pool: Pool, test: Pool | None, state: State) -> dict[str, float]:
    """Counts, and, where true labels are known, AP and AUC of the end model and of the label model (`label_`)."""
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
    row |= metrics(pool, test, state.gold, state.scores, state.test_scores)
    if state.label_scores is not None:
        free = state.gold < 0
        row |= pair("label", state.label_scores[free], pool.labels[free])
    return row


def metrics(
    pool: Pool, test: Pool | None, gold: np.ndarray, scores: np.ndarray, test_scores: np.ndarray | None
) -> dict[str, float]:
    """AP and AUC of the scores (N,) of the pool, and of those of the test pool.

    `train_` is over the whole pool, the user's labels `gold` (N,) among it, `unlabelled_` over the points without one,
    `test_` over the test pool.
    """
    free = gold < 0
    found = pair("train", scores, pool.labels) | pair("unlabelled", scores[free], pool.labels[free])
    if test is not None and test_scores is not None:
        found |= pair("test", test_scores, test.labels)
    return found


def pair(prefix: str, scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """`<prefix>_ap` and `<prefix>_auc` of scores (n,); left out where they are not defined."""
    found = {f"{prefix}_ap": average_precision(scores, labels == 1), f"{prefix}_auc": roc_auc(scores, labels == 1)}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def curve_table(rows: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Rows of a curve as (rows, len(COLUMNS)) float64; what a row lacks is not a number."""
    return np.array([[row.get(name, np.nan) for name in COLUMNS] for row in rows], dtype=np.float64)


def columns_of(table: np.ndarray, name: str) -> np.ndarray:
    """One column of a curve's table."""
    return table[:, COLUMNS.index(name)]


def function_counts(votes: Votes, labels: np.ndarray) -> np.ndarray:
    """For each labelling function (m, 5): its iteration, and its votes tp, fp, tn, fn; abstentions count nowhere."""
    return np.array(
        [
            [
                f.iteration,
                (labels[f.anomalous] == 1).sum(),
                (labels[f.anomalous] == 0).sum(),
                (labels[f.normal] == 0).sum(),
                (labels[f.normal] == 1).sum(),
            ]
            for f in votes.functions
        ],
        dtype=np.int64,
    ).reshape(-1, 5)
