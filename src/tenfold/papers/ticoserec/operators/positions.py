"""Operators on single items: Ti-Mask, Ti-Substitute and Ti-Insert (card, 3.5).

They act on the item at the left end of each chosen gap.
"""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.operators.batch import At, Batch, View
from tenfold.papers.ticoserec.similarity import Neighbours


def mask(batch: Batch, rate: float, at: At, generator: np.random.Generator) -> View:
    """Set `k = int(rate N)` items to 0; a single item stays.

    Of the sources on the paper, the official recipe for Beauty takes the largest gaps, its default takes random items.
    """
    count = np.where(batch.lengths > 1, (rate * batch.lengths).astype(np.int64), 0)
    return View(np.where(chosen(batch, count, at, generator), 0, batch.items), batch.lengths)


def substitute(batch: Batch, rate: float, at: At, neighbours: Neighbours, generator: np.random.Generator) -> View:
    """Replace `k = max(int(rate N), 1)` items by the item most similar to each; a single item stays.

    The paper takes the smallest gaps.
    """
    count = np.where(batch.lengths > 1, np.maximum((rate * batch.lengths).astype(np.int64), 1), 0)
    where = chosen(batch, count, at, generator)
    items = batch.items.copy()
    items[where] = neighbours.of(items[where], generator)
    return View(items, batch.lengths)


def insert(batch: Batch, rate: float, at: At, neighbours: Neighbours, generator: np.random.Generator) -> View:
    """After `k = max(int(rate N), 1)` items insert the item most similar to each; sequences grow by `k`.

    The paper takes the largest gaps. At random positions the new item goes *before* the chosen one, as in CoSeRec.
    """
    count = np.maximum((rate * batch.lengths).astype(np.int64), 1)
    where = chosen(batch, count, at, generator)
    lengths = batch.lengths + where.sum(axis=1)
    new_before = np.cumsum(where, axis=1) - where  # inserted items that end up before column j, not counting j's own
    columns = np.arange(batch.items.shape[1]) + new_before
    is_item = np.arange(batch.items.shape[1]) < batch.lengths[:, None]
    own, new = (columns + where, columns) if at == "random" else (columns, columns + 1)
    items = np.zeros((len(lengths), int(lengths.max(initial=1))), dtype=batch.items.dtype)
    rows = np.arange(len(lengths))[:, None].repeat(batch.items.shape[1], axis=1)
    items[rows[is_item], own[is_item]] = batch.items[is_item]
    items[rows[where], new[where]] = neighbours.of(batch.items[where], generator)
    return View(items, lengths)


def chosen(batch: Batch, count: np.ndarray, at: At, generator: np.random.Generator) -> np.ndarray:
    """`(B, W)` bool: the left ends of the `count (B,)` smallest or largest gaps, or random items.

    Of equal gaps the leftmost come first (a stable sort; the official code leaves ties to the sort algorithm).
    """
    width = batch.items.shape[1]
    available = batch.lengths if at == "random" else batch.gap_counts
    keys = {
        "random": lambda: (generator.random(batch.items.shape) * 2**62).astype(np.int64),
        "smallest": lambda: batch.gaps,
        "largest": lambda: -batch.gaps,
    }[at]()
    keys = np.where(np.arange(width) < available[:, None], keys, np.iinfo(np.int64).max)
    most = int(count.max(initial=0))
    first = np.argsort(keys, axis=1, kind="stable")[:, :most]
    result = np.zeros(batch.items.shape, dtype=bool)
    within = np.arange(first.shape[1]) < np.minimum(count, available)[:, None]
    np.put_along_axis(result, first, within, axis=1)
    return result
