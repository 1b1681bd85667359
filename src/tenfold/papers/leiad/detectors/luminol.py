"""The two detectors of LinkedIn's luminol: bitmap, and the default detector where a series is too short for it."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

SMOOTHING = 0.2
SHARE_OF_WINDOW = 80
"""The windows behind and ahead are 1/80 of the series each."""
LARGEST_WINDOW = 200
LEAST_POINTS = 50
"""Together the two windows must hold so many points."""
BINS, WORD = 4, 2
NEGLIGIBLE = 1e-3
"""Scores below this share of the highest count as none."""


def score(values: np.ndarray) -> np.ndarray:
    """Bitmap score of values (n,); the default detector's where its windows would be too short (n < 2000)."""
    window = min(LARGEST_WINDOW, len(values) // SHARE_OF_WINDOW)
    return bitmap(values, window) if 2 * window >= LEAST_POINTS else default(values)


def default(values: np.ndarray) -> np.ndarray:
    """max(a, 0.65 a + 0.35 q), and max(., q) where a > 0.94.

    a = |x - EMA(x)| / std(x); with d_t = |x_t - x_{t-1}|, q = |d - EMA(d)| / std of that.
    """
    if len(values) < 2:
        return np.zeros(len(values))
    average = _without_negligible(_scaled(np.abs(values - smoothed(values)), values.std()))
    steps = np.abs(np.diff(values))
    steps = np.concatenate([steps[:1], steps])
    unusual = np.abs(steps - smoothed(steps))
    derivative = _without_negligible(_scaled(unusual, unusual.std()))
    combined = np.maximum(average, 0.65 * average + 0.35 * derivative)
    return np.where(average > 0.94, np.maximum(combined, derivative), combined)


def smoothed(values: np.ndarray, weight: float = SMOOTHING) -> np.ndarray:
    """Exponential moving average e_t = 0.2 x_t + 0.8 e_{t-1}, e_0 = x_0."""
    start = [(1 - weight) * values[0]]
    return np.asarray(lfilter([weight], [1.0, weight - 1.0], values, zi=start)[0])


def bitmap(values: np.ndarray, window: int) -> np.ndarray:
    """Squared Euclidean distance of the word counts of the windows behind (t - w .. t - 1) and ahead (t .. t + w - 1).

    Values become symbols by four bins of equal height; a word is two symbols in a row, and lies in a window when both
    do. 0 where a window does not fit.
    """
    n = len(values)
    low, high = values.min(), values.max()
    if high == low or n < 2 * window:
        return np.zeros(n)
    symbols = np.minimum((values - low) / ((high - low) / BINS), BINS - 1).astype(np.int64)
    words = symbols[:-1] * BINS + symbols[1:]  # (n - 1,), the word that starts at each point
    counts = np.zeros((n, BINS**WORD))  # words that start before each point
    counts[1:] = np.cumsum(words[:, None] == np.arange(BINS**WORD), axis=0)
    middle = np.arange(window, n - window + 1)
    inside = window - WORD + 1  # words in a window
    behind = counts[middle - window + inside] - counts[middle - window]
    ahead = counts[middle + inside] - counts[middle]
    found = np.zeros(n + 1)
    found[middle] = ((behind - ahead) ** 2).sum(axis=1)
    return found[:n]


def _scaled(values: np.ndarray, deviation: float) -> np.ndarray:
    return values / deviation if deviation > 0 else np.zeros_like(values)


def _without_negligible(scores: np.ndarray) -> np.ndarray:
    return np.where(scores < NEGLIGIBLE * scores.max(initial=0.0), 0.0, scores)
