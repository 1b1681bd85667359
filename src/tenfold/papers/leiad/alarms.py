"""Scores as alarms: the share of events that a fixed rate of alarms finds, and the challenge's delay-adjusted F1.

Neither is part of the paper's protocol. The rate is fixed without looking at labels, so no threshold is tuned.
"""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.oracles import runs


def raised(scores: np.ndarray, rate: float) -> np.ndarray:
    """The points (N,) bool with the highest scores, this share of all; ties go to the earlier point."""
    count = max(1, round(rate * len(scores)))
    alarms = np.zeros(len(scores), dtype=bool)
    alarms[np.argsort(-scores, kind="stable")[:count]] = True
    return alarms


def event_recall(alarms: np.ndarray, labels: np.ndarray, offsets: np.ndarray) -> float:
    """Share of the anomalous runs of `labels` (N,) with an alarm in them. Not a number without a run."""
    events = runs(labels, offsets)
    if not len(events):
        return float("nan")
    before = np.concatenate([[0], np.cumsum(alarms)])
    return float((before[events[:, 1]] > before[events[:, 0]]).mean())


def delay_adjusted(alarms: np.ndarray, labels: np.ndarray, offsets: np.ndarray, delay: int) -> np.ndarray:
    """Alarms (N,) as the AIOps challenge counts them: a run with one in its first `delay` + 1 points is found whole,
    any other run is missed whole; alarms outside runs stay.
    """
    events = runs(labels, offsets)
    adjusted = alarms & (labels != 1)
    before = np.concatenate([[0], np.cumsum(alarms)])
    for start, stop in events:  # runs are few, and of any length
        adjusted[start:stop] = before[min(start + delay + 1, stop)] > before[start]
    return adjusted


def counts(votes: np.ndarray, labels: np.ndarray) -> tuple[int, int, int, int]:
    """tp, fp, tn, fn of votes (N,) 0 or 1 against labels; points on which the vote is -1 count nowhere."""
    return (
        int(((votes == 1) & (labels == 1)).sum()),
        int(((votes == 1) & (labels == 0)).sum()),
        int(((votes == 0) & (labels == 0)).sum()),
        int(((votes == 0) & (labels == 1)).sum()),
    )


def precision_recall(tp: int, fp: int, fn: int) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 where nothing was found."""
    precision, recall = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)
