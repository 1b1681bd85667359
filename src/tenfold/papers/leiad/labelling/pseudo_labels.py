"""Pseudo-labels: the surest points of the label model, or of the vote once that has saturated (card 3.6)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.labelling.votes import ABSTAIN, ANOMALY, NORMAL
from tenfold.papers.leiad.settings import PseudoLabelSettings


def anomaly_percent(found: int, points: int, settings: PseudoLabelSettings) -> float:
    """q, percent of the pool that becomes pseudo-anomalies: twice the anomalies found, or the least share."""
    return max(200 * found / points, settings.least_share * settings.anomaly_percentage)


def by_posterior(scores: np.ndarray, found: int, settings: PseudoLabelSettings) -> tuple[np.ndarray, bool]:
    """Labels (N,) int8 from a posterior, and whether it has saturated, so that votes are counted from now on.

    The top q % become 1 and the bottom 100 q / A % become 0, ties included; the rest is not used (-1). No point is
    both: where the shares meet, the bottom ends at the complement of the top, and a tie across both stays unused.
    """
    percent = min(anomaly_percent(found, len(scores), settings), 100.0)
    below = min(percent * 100 / settings.anomaly_percentage, 100 - percent)
    upper, lower = np.percentile(scores, [100 - percent, below])
    labels = np.full(len(scores), ABSTAIN, dtype=np.int8)
    labels[scores <= lower] = NORMAL
    labels[scores >= upper] = ANOMALY
    if upper == lower:
        labels[scores == upper] = ABSTAIN
    return labels, bool(upper == 1 or lower == 0)


def by_margin(margins: np.ndarray, found: int, settings: PseudoLabelSettings) -> np.ndarray:
    """Labels (N,) int8 from the vote margin: the largest ones are 1, 100 / A times as many of the smallest are 0."""
    count = int(anomaly_percent(found, len(margins), settings) * len(margins) / 100)
    count = min(max(count, 1), len(margins) - 1)
    normal = min(int(count * 100 / settings.anomaly_percentage), len(margins) - count)
    order = np.argsort(margins, kind="stable")
    labels = np.full(len(margins), ABSTAIN, dtype=np.int8)
    labels[order[:normal]] = NORMAL
    labels[order[len(order) - count :]] = ANOMALY
    return labels


def with_user_labels(labels: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """`labels` (N,), overwritten where the user's (`gold`) are known."""
    return np.where(gold == ABSTAIN, labels, gold)
