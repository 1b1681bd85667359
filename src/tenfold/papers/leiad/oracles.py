"""Simulated users: what they believe of every point, from the true labels (card 3.11).

A user marks in a window what it believes, so overlapping windows are answered alike, and every method meets the same
user.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tenfold.papers.leiad.settings import OracleSettings
from tenfold.papers.leiad.state import Query


def marked(beliefs: np.ndarray, shown: Query) -> np.ndarray:
    """Points of the window that a user with these beliefs (N,) marks."""
    return shown.start + np.flatnonzero(beliefs[shown.start : shown.stop] == 1)


def beliefs(
    labels: np.ndarray, offsets: np.ndarray, settings: OracleSettings, generator: np.random.Generator
) -> np.ndarray:
    """What the user takes for anomalies (N,) int8, from true labels (N,) of series that start at `offsets` (S + 1,)."""
    if settings.kind == "noisy":
        return noisy(labels, offsets, settings, generator)
    if settings.kind == "coarse":
        return coarse(labels, offsets, settings.jitter, generator)
    return labels.copy()


def runs(labels: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Anomalous runs (R, 2): first and one past the last point of each, none across two series."""
    padded = np.concatenate([[0], labels == 1, [0]]).astype(np.int8)
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    cuts = offsets[1:-1]
    inside = cuts[(padded[cuts] == 1) & (padded[cuts + 1] == 1)]  # boundaries with an anomaly on both sides
    return np.stack([np.sort(np.concatenate([starts, inside])), np.sort(np.concatenate([stops, inside]))], axis=1)


def noisy(
    labels: np.ndarray, offsets: np.ndarray, settings: OracleSettings, generator: np.random.Generator
) -> np.ndarray:
    """Each run is missed with probability `miss`; each stretch of a window's length gets a false one with `invent`.

    A false run is as long as one drawn from the true ones and starts anywhere in its stretch.
    """
    found = runs(labels, offsets)
    believed = np.zeros(len(labels), dtype=np.int8)
    for start, stop in found[generator.random(len(found)) >= settings.miss]:
        believed[start:stop] = 1
    lengths = (found[:, 1] - found[:, 0]) if len(found) else np.ones(1, dtype=np.int64)
    for first, last in pairwise(offsets):
        stretches = np.arange(first, last, settings.stretch)
        drawn = stretches[generator.random(len(stretches)) < settings.invent]
        begins = drawn + generator.integers(settings.stretch, size=len(drawn))
        for begin, length in zip(begins, generator.choice(lengths, len(drawn)), strict=True):
            believed[min(begin, last - 1) : min(begin + length, last)] = 1
    return believed


def coarse(labels: np.ndarray, offsets: np.ndarray, jitter: int, generator: np.random.Generator) -> np.ndarray:
    """Both ends of each run are moved by up to `jitter` points, within the series; no run vanishes."""
    found = runs(labels, offsets)
    moved = found + generator.integers(-jitter, jitter + 1, size=found.shape)
    believed = np.zeros(len(labels), dtype=np.int8)
    series = np.searchsorted(offsets, found[:, 0], side="right") - 1
    for (start, stop), s in zip(moved, series, strict=True):
        start = int(np.clip(start, offsets[s], offsets[s + 1] - 1))
        believed[start : int(np.clip(stop, start + 1, offsets[s + 1]))] = 1
    return believed
