"""What the operators work on and return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from tenfold.papers.ticoserec.ragged import Ragged

At = Literal["smallest", "largest", "random"]
"""Where an operator acts: at the smallest or largest window variance (crop, reorder) or gap, or anywhere."""


@dataclass(frozen=True)
class Batch:
    """`B` sequences at the left of a table of width `W`, with the gap after each item."""

    items: np.ndarray
    """`(B, W)` int64, 0 after a sequence's end."""
    lengths: np.ndarray
    """`(B,)` int64: `N`, at least 1."""
    gaps: np.ndarray
    """`(B, W)` int64, not negative: `gaps[b, j]` is the time from item `j` to the one after it."""
    gap_counts: np.ndarray
    """`(B,)`: how many gaps of a row are known: `N`, or `N - 1` where nothing follows the last item."""

    @classmethod
    def of(cls, items: Ragged, gaps: Ragged) -> Batch:
        """Padded table of ragged sequences and their gaps."""
        width = int(items.lengths.max(initial=1))
        return cls(items.padded(width), items.lengths, gaps.padded(width), gaps.lengths)

    def take(self, rows: np.ndarray) -> Batch:
        """Some of the sequences."""
        return Batch(self.items[rows], self.lengths[rows], self.gaps[rows], self.gap_counts[rows])


class View(NamedTuple):
    """Augmented sequences: `items (B, W')` at the left, of `lengths (B,)`. A masked item is 0 inside the length."""

    items: np.ndarray
    lengths: np.ndarray
