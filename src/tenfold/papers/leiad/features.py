"""The 75 statistical features of a point (card 3.3), each z-scored over its series.

Every window is the last w points, the point itself included. Where it is not full yet, features of it are 0 before the
z-score. Denominators below 1e-8 become 1e-8, negative ones too, as in the authors' code.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import maximum_filter1d, minimum_filter1d
from scipy.signal import lfilter

AVERAGE_WINDOWS = (10, 50, 100, 500, 1440)
RANGE_WINDOWS = (10, 50, 200, 500, 1440)
DECAYS = (0.1, 0.5)
FLOOR = 1e-8
COMPARED_AT_ONCE = 1 << 22
"""Values of sliding windows looked at together: bounds the memory of long series."""


def feature_names() -> list[str]:
    """Names of the 75 columns, in order."""
    names = []
    for window in AVERAGE_WINDOWS:
        names += [f"average {window}", f"x - average {window}", f"x / average {window}"]
    for window in AVERAGE_WINDOWS:
        for decay in DECAYS:
            average = f"weighted average {window}, {decay}"
            names += [average, f"x - {average}", f"x / {average}"]
    for window in RANGE_WINDOWS:
        names += [f"{what} {window}" for what in ("minimum", "maximum", "range", "deviation", "upper share")]
    return [*names, "difference", "difference / previous", "log a", "a - log a", "a / log a"]


def statistical_features(values: np.ndarray) -> np.ndarray:
    """Features (n, 75) float32 of a series (n,)."""
    columns = raw_features(np.asarray(values, dtype=np.float64))
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    rounding = 1e-13 * np.abs(columns).max(axis=0, initial=0.0)  # a constant column may deviate by this much
    flat = deviation <= rounding
    return np.where(flat, 0.0, (columns - mean) / np.where(flat, 1.0, deviation)).astype(np.float32)


def raw_features(values: np.ndarray) -> np.ndarray:
    """The features (n, 75) float64 before the z-score."""
    columns: list[np.ndarray] = []
    for window in AVERAGE_WINDOWS:
        columns += _compared(values, moving_average(values, window), window)
    for window in AVERAGE_WINDOWS:
        for decay in DECAYS:
            columns += _compared(values, weighted_average(values, window, decay), window)
    for window in RANGE_WINDOWS:
        columns += _spread(values, window)
    change = np.diff(values, prepend=values[:1])
    before = np.concatenate([values[:1], values[:-1]])
    size = np.abs(values) + 1.1
    log = np.log2(size)
    columns += [change, change / _floored(before), log, size - log, size / _floored(log)]
    return np.stack(columns, axis=1)


def moving_average(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the last `window` points, 0 before there are so many."""
    return _headless(_running_sum(values - values[:1], window) / window + values[0], window)


def weighted_average(values: np.ndarray, window: int, decay: float) -> np.ndarray:
    """Mean of the last `window` points with the weights (1 - d)^j, j = 0 for the point itself; 0 before.

    S_t = sum_{j < w} q^j x_{t-j} = R_t - q^w R_{t-w} with the recursion R_t = x_t + q R_{t-1}.
    """
    keep = 1 - decay
    everything = lfilter([1.0], [1.0, -keep], values - values[:1])
    everything[window:] -= keep**window * everything[:-window].copy()
    return _headless(everything * (decay / (1 - keep**window)) + values[0], window)


def _compared(values: np.ndarray, average: np.ndarray, window: int) -> list[np.ndarray]:
    """A: the average, x - A, x / A; all 0 where there is no average yet."""
    return [average, _headless(values - average, window), _headless(values / _floored(average), window)]


def _spread(values: np.ndarray, window: int) -> list[np.ndarray]:
    """Minimum, maximum, their difference, standard deviation (n - 1), and the share of points at least as high as x."""
    place = (window - 1) // 2  # moves scipy's centred window so that it ends at the point
    low = minimum_filter1d(values, window, origin=place, mode="nearest")
    high = maximum_filter1d(values, window, origin=place, mode="nearest")
    centred = values - values[:1]
    total, squares = _running_sum(centred, window), _running_sum(centred**2, window)
    variance = np.maximum(squares - total**2 / window, 0.0) / (window - 1)
    deviation = np.where(high > low, np.sqrt(variance), 0.0)
    columns = [low, high, high - low, deviation, upper_share(values, window)]
    return [_headless(column, window) for column in columns]


def upper_share(values: np.ndarray, window: int) -> np.ndarray:
    """Share of the last `window` points that are at least as high as the point (itself included); 0 before."""
    share = np.zeros(len(values))
    if len(values) < window:
        return share
    windows = sliding_window_view(values, window)  # (n - w + 1, w), a view
    rows = max(1, COMPARED_AT_ONCE // window)
    for start in range(0, len(windows), rows):  # in blocks, for the comparison is as large as all windows together
        block = windows[start : start + rows]
        share[window - 1 + start :][: len(block)] = (block >= block[:, -1:]).sum(axis=1) / window
    return share


def _running_sum(values: np.ndarray, window: int) -> np.ndarray:
    """Sum of the last `window` points (of all so far, before there are so many)."""
    total = np.cumsum(values)
    total[window:] -= total[:-window].copy()
    return total


def _headless(column: np.ndarray, window: int) -> np.ndarray:
    """The column with 0 where the window is not full yet."""
    column[: window - 1] = 0.0
    return column


def _floored(denominator: np.ndarray) -> np.ndarray:
    return np.maximum(denominator, FLOOR)
