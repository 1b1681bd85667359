"""Alerts: per series, where the end model sees anomalies now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenfold.papers.leiad.pool import Pool


@dataclass(frozen=True)
class SeriesAlerts:
    """One series as the alert list shows it."""

    series: int
    name: str
    points: int
    highest: float
    at: int  # place of the highest score in the series
    alerts: int  # runs of points at or above the bound
    labelled: int  # points that the person has labelled
    marked: int  # of them, anomalies


def bound_of(scores: np.ndarray, percentage: float) -> float:
    """The score from which on a point is an alert: so many percent of all points are, or more where scores are equal.

    Without a labelled sample drawn at random no bound is calibrated, so it is the share that the pseudo-labels expect.
    """
    return float(np.percentile(scores, 100 - percentage)) if len(scores) else float("nan")


def alerts_of(pool: Pool, scores: np.ndarray, gold: np.ndarray | None, bound: float) -> list[SeriesAlerts]:
    """Every series, the one with the highest score first, of equal ones that with more points above the bound."""
    starts = pool.offsets[:-1]
    above = scores >= bound
    begins = above & ~np.concatenate([[False], above[:-1]])
    begins[starts] = above[starts]  # a run does not cross from one series into the next
    highest = np.maximum.reduceat(scores, starts)
    runs = np.add.reduceat(begins.astype(np.int64), starts)
    exceeding = np.add.reduceat(above.astype(np.int64), starts)
    labels = np.full(len(scores), -1) if gold is None else gold
    labelled = np.add.reduceat((labels >= 0).astype(np.int64), starts)
    marked = np.add.reduceat((labels == 1).astype(np.int64), starts)
    lengths = np.diff(pool.offsets)
    return [
        SeriesAlerts(
            series=int(series),
            name=pool.names[series],
            points=int(lengths[series]),
            highest=float(highest[series]),
            at=int(scores[pool.offsets[series] : pool.offsets[series + 1]].argmax()),
            alerts=int(runs[series]),
            labelled=int(labelled[series]),
            marked=int(marked[series]),
        )
        for series in np.lexsort((-exceeding, -highest))
    ]
