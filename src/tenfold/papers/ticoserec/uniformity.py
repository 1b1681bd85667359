"""How uniform augmented views are: interval standard deviations by operator and position (claim C4m).

Only crop, mask and insert change a sequence's times; reorder and substitute exchange items at the same moments.
"""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.operators import At, Batch
from tenfold.papers.ticoserec.operators.positions import chosen
from tenfold.papers.ticoserec.operators.windows import window_spreads, window_starts


def plain_std(batch: Batch) -> np.ndarray:
    """`(B,)`: standard deviation of all known gaps of each sequence, in their unit."""
    return _std(batch.gaps, batch.gap_counts)


def crop_std(batch: Batch, rate: float, at: At, generator: np.random.Generator) -> np.ndarray:
    """`(B,)`: of the intervals inside the kept window of `int(rate N)` items; 0 where it has fewer than two."""
    width = (rate * batch.lengths).astype(np.int64)
    start = window_starts(batch, width, at, generator)
    spreads, _ = window_spreads(batch, width)
    spread = np.take_along_axis(spreads, start[:, None], axis=1)[:, 0]
    return np.where(width > 2, np.sqrt(spread) / np.maximum(width - 1, 1), 0.0)


def insert_std(batch: Batch, rate: float, at: At, generator: np.random.Generator) -> np.ndarray:
    """`(B,)`: after `max(int(rate N), 1)` gaps got an item in their middle.

    At random positions the gap after each chosen item is the one that is filled.
    """
    count = np.maximum((rate * batch.lengths).astype(np.int64), 1)
    filled = chosen(batch, count, at, generator) & (np.arange(batch.gaps.shape[1]) < batch.gap_counts[:, None])
    halved = np.where(filled, batch.gaps / 2, batch.gaps)
    doubled = np.concatenate([halved, np.where(filled, halved, 0.0)], axis=1)
    known = np.concatenate([np.arange(filled.shape[1]) < batch.gap_counts[:, None], filled], axis=1)
    return _masked_std(doubled, known)


def mask_std(batch: Batch, rate: float, at: At, generator: np.random.Generator) -> np.ndarray:
    """`(B,)`: of the intervals between the items that are left when `int(rate N)` are hidden; the last time stays."""
    count = np.where(batch.lengths > 1, (rate * batch.lengths).astype(np.int64), 0)
    hidden = chosen(batch, count, at, generator)
    columns = np.arange(batch.gaps.shape[1])
    known = columns < batch.gap_counts[:, None]
    # The gaps that follow hidden items belong to the interval of the last visible item before them; those that
    # precede the first visible item are gone.
    start = np.maximum.accumulate(np.where(~hidden & known, columns, -1), axis=1)
    merged = np.zeros((len(hidden), hidden.shape[1] + 1))
    rows = np.broadcast_to(np.arange(len(hidden))[:, None], hidden.shape)
    np.add.at(merged, (rows[known], start[known]), batch.gaps[known])  # column -1 collects what is gone
    visible = np.concatenate([~hidden & known, np.zeros((len(hidden), 1), dtype=bool)], axis=1)
    return _masked_std(merged, visible)


def _std(gaps: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return _masked_std(gaps.astype(np.float64), np.arange(gaps.shape[1]) < counts[:, None])


def _masked_std(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`(B,)`: population standard deviation of the known values of each row; 0 where there are none."""
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, values, 0).sum(axis=1) / count
    return np.sqrt((np.where(known, values - mean[:, None], 0) ** 2).sum(axis=1) / count)
