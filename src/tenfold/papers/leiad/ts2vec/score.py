"""The sixth detector: how far a point's representation is from the pool's mean (card 3.1, 6)."""

from __future__ import annotations

import numpy as np

CAP = 99.9
"""Percentile at which distances are cut off."""


def score(representations: np.ndarray) -> np.ndarray:
    """L1 distance of representations (N, R) to their mean, capped and scaled to [0, 1] over the pool, (N,) float32."""
    mean = representations.mean(axis=0, dtype=np.float64).astype(np.float32)
    distance = np.abs(representations - mean).sum(axis=1, dtype=np.float64)
    distance = np.minimum(distance, np.percentile(distance, CAP))
    span = distance.max() - distance.min()
    return ((distance - distance.min()) / (span if span > 0 else 1.0)).astype(np.float32)
