"""Lists of different lengths, stored end to end: histories, views, targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ragged:
    """`B` lists end to end: list `b` is `values[offsets[b]:offsets[b + 1]]`."""

    values: np.ndarray
    """`(N,)`"""
    offsets: np.ndarray
    """`(B + 1,)` int64, non-decreasing, from 0 to `N`."""

    @classmethod
    def of_lengths(cls, values: np.ndarray, lengths: np.ndarray) -> Ragged:
        """Lists of the given lengths `(B,)`, cut from `values` in order."""
        return cls(values, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """`(B,)` int64."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> np.ndarray:
        """`(N,)`: which list each value belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: np.ndarray) -> Ragged:
        """The lists `rows`, in that order; a list may be taken more than once."""
        return self._between(self.offsets[:-1][rows], self.offsets[1:][rows])

    def without_last(self, count: int) -> Ragged:
        """Every list without its last `count` values; a shorter list becomes empty."""
        return self._between(self.offsets[:-1], np.maximum(self.offsets[1:] - count, self.offsets[:-1]))

    def without_first(self, count: int) -> Ragged:
        """Every list without its first `count` values; a shorter list becomes empty."""
        return self._between(np.minimum(self.offsets[:-1] + count, self.offsets[1:]), self.offsets[1:])

    def last(self, count: int) -> Ragged:
        """The last `count` values of every list (all of a shorter one)."""
        return self._between(np.maximum(self.offsets[1:] - count, self.offsets[:-1]), self.offsets[1:])

    def padded(self, width: int | None = None, fill: int = 0) -> np.ndarray:
        """`(B, width)`: every list at the left, `fill` after it. `width` is the longest length when left out."""
        lengths = self.lengths
        table = np.full((len(self), width or int(lengths.max(initial=0))), fill, dtype=self.values.dtype)
        table[np.arange(table.shape[1]) < lengths[:, None]] = self.values
        return table

    def _between(self, starts: np.ndarray, stops: np.ndarray) -> Ragged:
        """Lists `values[starts[b]:stops[b]]`."""
        lengths = stops - starts
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        index = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Ragged(self.values[index], offsets)


def concatenated(parts: list[Ragged]) -> Ragged:
    """All lists of all parts, one part after the other."""
    return Ragged.of_lengths(
        np.concatenate([part.values for part in parts]), np.concatenate([part.lengths for part in parts])
    )
