"""Metrics of scores for two classes."""

from __future__ import annotations

import numpy as np


def roc_auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties counting half.

    `scores` (n,), `positive` (n,) of booleans. Not a number where one class is empty.
    """
    from scipy.stats import rankdata

    positive = np.asarray(positive, dtype=bool)
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - count * (count + 1) / 2) / (count * others))


def average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Sum over thresholds of precision times the recall gained there; equal scores are one threshold.

    `scores` (n,), `positive` (n,) of booleans. Not a number without a positive.
    """
    positive = np.asarray(positive, dtype=bool)
    if not positive.any():
        return float("nan")
    order = np.argsort(-np.asarray(scores), kind="stable")
    scores, positive = np.asarray(scores)[order], positive[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # of each run of equal scores
    found = np.cumsum(positive)[last]
    gained = np.diff(found, prepend=0) / found[-1]
    return float((gained * found / (last + 1)).sum())
