"""Correlation of two series, as image quality assessment reports it. NumPy alone: training processes log them."""

from __future__ import annotations

import numpy as np


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks 1..n of `values` (n,), equal values sharing the mean of their ranks."""
    _, group, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[group]


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's linear correlation (PLCC) of two series (n,). Not a number where one of them is constant."""
    first = np.asarray(first, dtype=np.float64)
    second = np.asarray(second, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"two series of one length are needed, not {first.shape} and {second.shape}")
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    first, second = first - first.mean(), second - second.mean()
    # Scaled first, so that neither sum of squares over- or underflows.
    first, second = first / np.abs(first).max(), second / np.abs(second).max()
    return float(np.clip(first @ second / np.sqrt((first @ first) * (second @ second)), -1, 1))


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation (SRCC) of two series (n,), ties sharing ranks. Not a number for a constant one."""
    return pearson(average_ranks(first), average_ranks(second))
