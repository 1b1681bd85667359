"""Univariate time series whose points are labelled anomalous or normal, and the cut rule of the KPI benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tenfold.errors import DataError

TRAIN, TEST = "train", "test"


@dataclass(frozen=True)
class OneSeries:
    """A single series: `timestamps` (n,) seconds since 1970, `values` (n,), `labels` (n,): 0, 1, -1 unknown."""

    name: str
    timestamps: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    group: str = ""
    """What belongs together, such as the curve that a segment was cut from; the series itself when empty."""
    split: str = ""
    """train or test where the publisher says so."""

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class LabelledSeries:
    """S series one after the other, N points in all; series s is the points `offsets[s]` to `offsets[s + 1]`.

    `names`, `groups`, `splits` (S,) texts; `offsets` (S + 1,) int64; `timestamps` (N,) int64, seconds since 1970, in
    the publisher's order (NAB has an hour that steps back); `values` (N,) float64, finite; `labels` (N,) int8: 0
    normal, 1 anomalous, -1 unknown.
    """

    names: np.ndarray
    groups: np.ndarray
    splits: np.ndarray
    offsets: np.ndarray
    timestamps: np.ndarray
    values: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, series: Sequence[OneSeries], where: object) -> LabelledSeries:
        """The series in this order; values that are not numbers are filled (see `filled`).

        Raises DataError, naming `where` and the series, when there are none, a name is there twice, a series has no
        value at all or an infinite one, or a label is not 0, 1 or -1.
        """
        if not series:
            raise DataError(f"{where}: there is no series in it")
        names = [one.name for one in series]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"{where}: the series {twice[0]} is there twice")
        for one in series:
            if len(one) == 0 or np.isnan(one.values).all():
                raise DataError(f"{where}: the series {one.name} has no value")
            if np.isinf(one.values).any():
                raise DataError(f"{where}: the series {one.name} has an infinite value")
            if not np.isin(one.labels, (-1, 0, 1)).all():
                raise DataError(f"{where}: a label of the series {one.name} is not 0, 1 or -1")
        return cls(
            np.array(names),
            np.array([one.group or one.name for one in series]),
            np.array([one.split for one in series]),
            np.cumsum([0, *(len(one) for one in series)], dtype=np.int64),
            np.concatenate([one.timestamps for one in series]).astype(np.int64),
            np.concatenate([filled(one.values) for one in series]),
            np.concatenate([one.labels for one in series]).astype(np.int8),
        )

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[OneSeries]:
        for index in range(len(self)):
            yield self[index]

    def __getitem__(self, index: int) -> OneSeries:
        points = slice(int(self.offsets[index]), int(self.offsets[index + 1]))
        return OneSeries(
            str(self.names[index]), self.timestamps[points], self.values[points], self.labels[points],
            str(self.groups[index]), str(self.splits[index]),
        )  # fmt: skip

    @property
    def lengths(self) -> np.ndarray:
        """Points of each series, (S,)."""
        return np.diff(self.offsets)


def filled(values: np.ndarray) -> np.ndarray:
    """A series (n,) without its gaps: NaN becomes the straight line between the values beside it, or the nearest value
    at the ends. The KPI curves were filled in the same way where their rows are missing.
    """
    known = np.flatnonzero(~np.isnan(values))
    return np.interp(np.arange(len(values)), known, values[known])


def anomalous_stretches(labels: np.ndarray) -> list[tuple[int, int]]:
    """First and one past the last index of every run of ones in labels (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels == 1, [0]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def segments(labels: np.ndarray, *, before: int = 1440, after: int = 144, gap: int = 1440) -> list[tuple[int, int]]:
    """The cut rule of LEIAD's KPI benchmark: `[start, stop)` of the segments of a curve with labels (n,).

    Anomalous points at most `gap` rows apart are one group; a segment starts `before` rows ahead of the group's first
    and stops `after` rows behind its last point, clipped to the curve.
    """
    anomalous = np.flatnonzero(labels == 1)
    if len(anomalous) == 0:
        return []
    breaks = np.flatnonzero(np.diff(anomalous) > gap)
    firsts = anomalous[np.concatenate([[0], breaks + 1])]
    lasts = anomalous[np.concatenate([breaks, [len(anomalous) - 1]])]
    return [
        (max(0, int(first) - before), min(len(labels), int(last) + after))
        for first, last in zip(firsts, lasts, strict=True)
    ]
