"""Metrics of the tasks, and Delta_m, which puts them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DENSE_METRICS = ("abs_err", "rel_err", "miou", "pix_acc")
DENSE_HIGHER = (False, False, True, True)


def intersection_over_union(confusion: np.ndarray) -> np.ndarray:
    """IoU of each class (C,) from a confusion matrix (C, C), rows true; NaN for a class that occurs nowhere."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(float)
    union = confusion.sum(-1) + confusion.sum(-2) - hits
    return np.divide(hits, union, out=np.full_like(hits, np.nan), where=union > 0)


def mean_iou(confusion: np.ndarray) -> float:
    """Mean IoU over the classes that occur in truth or prediction."""
    return float(np.nanmean(intersection_over_union(confusion)))


def pixel_accuracy(confusion: np.ndarray) -> float:
    """Share of the pixels that are classified rightly."""
    return float(np.trace(confusion) / confusion.sum())


def delta_m(values: Sequence[float], base: Sequence[float] | np.ndarray, higher_is_better: Sequence[bool]) -> float:
    """Average per-metric change against single-task models in percent, lower is better (Maninis et al. 2019).

    100 / n sum_j (-1)^(h_j) (M_j - B_j) / B_j, h_j = 1 where higher is better.
    """
    own, other = np.asarray(values, float), np.asarray(base, float)
    signs = np.where(np.asarray(higher_is_better), -1.0, 1.0)
    return float(100 * np.mean(signs * (own - other) / other))


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties counting half.

    NaN when there are no positives or no negatives.
    """
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    first = np.searchsorted(ordered, scores, side="left")
    last = np.searchsorted(ordered, scores, side="right")
    ranks = (first + last + 1) / 2  # average rank, from 1
    positive = labels.astype(bool)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return float("nan")
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Rank correlation with average ranks for ties; NaN when one side is constant or has fewer than three entries."""
    if len(first) < 3:
        return float("nan")
    ranks = []
    for values in (first, second):
        ordered = np.sort(values)
        ranks.append(np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right"))
    if any(np.ptp(one) == 0 for one in ranks):
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])
