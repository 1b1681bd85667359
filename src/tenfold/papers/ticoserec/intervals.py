"""Time intervals of interaction sequences and the uniformity of users (paper, empirical study)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.ragged import Ragged


def interval_variance(times: Ragged) -> np.ndarray:
    """`(B,)`: population variance of the intervals between consecutive times of each list (card, 3.1).

    Lists with one interval or none have variance 0. Times must not decrease within a list.
    """
    gaps = intervals(times)
    count = np.maximum(gaps.lengths, 1)
    values = gaps.values.astype(np.float64)
    mean = _sums(values, gaps) / count
    return _sums((values - mean[gaps.rows]) ** 2, gaps) / count


def merged_variance(times: Ragged) -> np.ndarray:
    """`(B,)`: interval variance with equal timestamps of a list merged into one: how users are ranked (card, 3.1)."""
    first_of_time = np.ones(len(times.values), dtype=bool)
    first_of_time[1:] = (np.diff(times.values) != 0) | (np.diff(times.rows) != 0)
    kept = np.bincount(times.rows[first_of_time], minlength=len(times))
    return interval_variance(Ragged.of_lengths(times.values[first_of_time], kept))


def intervals(times: Ragged) -> Ragged:
    """Differences of consecutive times: one fewer than times in each list."""
    following, previous = times.without_first(1), times.without_last(1)
    return Ragged(following.values - previous.values, following.offsets)


def time_unit(times: Ragged) -> int:
    """Largest unit that divides every interval (86400, a day, for Amazon's times in seconds), at least 1.

    Integer intervals in this unit make ties of window variances exact. Where `n` intervals of a list sum up to so many
    units `T` that `n T^2`, the bound of the sums that `window_spreads` forms, would not fit into 62 bits, the unit is
    made coarser.
    """
    gaps = intervals(times)
    unit = max(int(np.gcd.reduce(gaps.values, initial=0)), 1)
    largest = float(np.max(np.sqrt(gaps.lengths) * _sums(gaps.values, gaps), initial=0.0)) / unit
    return unit * max(1, int(np.ceil(largest / 2**31)))


def _sums(values: np.ndarray, lists: Ragged) -> np.ndarray:
    """`(B,)`: sum of each list's values; 0 for an empty list."""
    return np.bincount(lists.rows, weights=values, minlength=len(lists))
