"""How well events that a model finds agree with those that happened, in the same frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class EventScores(NamedTuple):
    """All in [0, 1], 1 is best."""

    precision: float
    """Share of the found events that happened; 0 when none is found."""
    recall: float
    """Share of the events that were found; 0 when none happened."""
    f1: float
    """Harmonic mean of both; 0 when both are 0."""


def event_scores(found: np.ndarray, happened: np.ndarray) -> EventScores:
    """Scores of bool arrays of one shape. Raises ValueError when the shapes differ."""
    if found.shape != happened.shape:
        raise ValueError(f"events of one shape are needed, not {found.shape} and {happened.shape}")
    both = int((found & happened).sum())
    return _scores(both / max(int(found.sum()), 1), both / max(int(happened.sum()), 1))


def random_event_scores(found: np.ndarray, happened: np.ndarray) -> EventScores:
    """What events at random times would score that are as many as those found: precision and recall are expected ones.

    A random event has happened with the rate of true events, and a true event is found with the rate of found ones.
    """
    if found.shape != happened.shape:
        raise ValueError(f"events of one shape are needed, not {found.shape} and {happened.shape}")
    any_found = bool(found.any())
    return _scores(float(happened.mean()) if any_found else 0.0, float(found.mean()) if happened.any() else 0.0)


def _scores(precision: float, recall: float) -> EventScores:
    total = precision + recall
    return EventScores(precision, recall, 2 * precision * recall / total if total else 0.0)
