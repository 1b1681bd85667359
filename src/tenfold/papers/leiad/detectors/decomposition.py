"""Classical decomposition with a LOWESS trend, which LEIAD's library calls STL: the size of what is left over."""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-10
"""What is left of a value below this share of the largest is an error of rounding: scaling would make it a score."""


def score(values: np.ndarray, *, period: int = 90, share: float = 0.6, spacing: float = 0.01) -> np.ndarray:
    """|x - trend - season| of values (n,).

    The trend is LOWESS over `share` of the points, fitted anew every `spacing` n points (statsmodels; three robust
    passes). The season is the mean of the detrended series at each phase of `period`, less the mean of these means.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    n = len(values)
    if n < 3:
        return np.zeros(n)
    time = np.arange(n, dtype=np.float64)
    trend = lowess(values, time, frac=share, delta=spacing * n, is_sorted=True, return_sorted=False)
    trend = np.where(np.isfinite(trend), trend, values)  # constant stretches leave no scale for the robust passes
    rest = values - trend
    phase = np.arange(n) % period
    means = np.bincount(phase, weights=rest) / np.bincount(phase)
    left = np.abs(rest - (means - means.mean())[phase])
    return np.where(left > ROUNDING * np.abs(values).max(), left, 0.0)
