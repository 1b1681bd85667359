"""Operators on a window of consecutive items: Ti-Crop and Ti-Reorder (card, 3.5)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.operators.batch import At, Batch, View


def crop(batch: Batch, rate: float, at: At, generator: np.random.Generator, *, unused_gaps: int = 0) -> View:
    """Keep only the window of `c = int(rate N)` items; for `c <= 2` one item, at random among the first `N - c`.

    The paper keeps the window with the smallest interval variance.
    """
    width = _truncated(rate, batch.lengths)
    start = window_starts(batch, width, at, generator, unused_gaps=unused_gaps)
    single = width <= 2
    anywhere = _uniform_below(np.maximum(batch.lengths - width, 1), generator)
    start, kept = np.where(single, anywhere, start), np.where(single, 1, width)
    columns = np.arange(int(kept.max(initial=1)))
    inside = columns < kept[:, None]
    source = np.minimum(start[:, None] + columns, batch.items.shape[1] - 1)
    return View(np.where(inside, np.take_along_axis(batch.items, source, axis=1), 0), kept)


def reorder(batch: Batch, rate: float, at: At, generator: np.random.Generator, *, unused_gaps: int = 0) -> View:
    """Shuffle the items of the window of `c = int(rate N)` items uniformly; for `c < 2` nothing changes.

    The paper shuffles the window with the smallest interval variance.
    """
    width = _truncated(rate, batch.lengths)
    start = window_starts(batch, width, at, generator, unused_gaps=unused_gaps)[:, None]
    columns = np.arange(batch.items.shape[1])
    inside = (columns >= start) & (columns < start + width[:, None]) & (width[:, None] >= 2)
    # Sort keys: a column's own number outside the window; inside, random numbers that stay within its bounds.
    keys = np.where(inside, start + generator.random(batch.items.shape) * (width[:, None] - 1), columns)
    order = np.argsort(keys, axis=1, kind="stable")
    return View(np.take_along_axis(batch.items, order, axis=1), batch.lengths)


def window_starts(
    batch: Batch, width: np.ndarray, at: At, generator: np.random.Generator, *, unused_gaps: int = 0
) -> np.ndarray:
    """`(B,)`: first item of the window of `width (B,)` items with the smallest or largest interval variance, or any.

    Of several equal windows the rightmost is taken, as in the official code.
    """
    width = np.maximum(width, 1)
    if at == "random":
        return _uniform_below(batch.lengths - width + 1, generator)
    spread, exists = window_spreads(batch, width, unused_gaps=unused_gaps)
    worst = np.iinfo(np.int64).max
    badness = np.where(exists, spread if at == "smallest" else -spread, worst)
    return spread.shape[1] - 1 - np.argmin(badness[:, ::-1], axis=1)


def window_spreads(batch: Batch, width: np.ndarray, *, unused_gaps: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Interval variance of every window, times the squared number of its intervals: exact integers `(B, W)`.

    Column `s` is the window that starts at item `s`; the second table says whether it lies within the sequence. A
    window of `c` items has `c - 1` intervals; the official code leaves out the last one (`unused_gaps=1`).
    """
    count = np.maximum(width - 1 - unused_gaps, 0)[:, None]
    starts = np.arange(batch.gaps.shape[1])
    stops = np.minimum(starts + count, batch.gaps.shape[1])
    total = _sums_between(batch.gaps, stops)
    squares = _sums_between(batch.gaps**2, stops)
    return count * squares - total**2, starts <= (batch.lengths - width)[:, None]


def _sums_between(values: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """`(B, W)`: sum of `values[b, s:stops[b, s]]` for every start `s`."""
    before = np.zeros((len(values), values.shape[1] + 1), dtype=np.int64)
    np.cumsum(values, axis=1, out=before[:, 1:])
    return np.take_along_axis(before, stops, axis=1) - before[:, :-1]


def _truncated(rate: float, lengths: np.ndarray) -> np.ndarray:
    """`int(rate N)` for every length."""
    return (rate * lengths).astype(np.int64)


def _uniform_below(limits: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One integer for each limit, uniform in `0..limit-1`."""
    return (generator.random(len(limits)) * limits).astype(np.int64)
