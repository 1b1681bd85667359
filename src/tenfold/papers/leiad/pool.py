"""The pool: all points of a set of series, flat, with what is known of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

FLOOR = 1e-8


def scaled(values: np.ndarray) -> np.ndarray:
    """`values` (N, ...) min-max scaled along the first axis; 0 where they are constant."""
    low, high = values.min(0), values.max(0)
    return (values - low) / (high - low + FLOOR)


@dataclass(frozen=True)
class Pool:
    """N points of S univariate series; series s is the slice offsets[s]:offsets[s + 1] of every array.

    Labels are for oracles and for measuring only: nothing that learns or asks may read them.
    """

    names: tuple[str, ...]
    offsets: np.ndarray  # (S + 1,) int64, from 0 to N
    timestamps: np.ndarray  # (N,) int64, seconds
    values: np.ndarray  # (N,)
    labels: np.ndarray  # (N,) int8: 0 normal, 1 anomaly, -1 unknown
    detectors: tuple[str, ...]
    scores: np.ndarray  # (N, D) float32 in [0, 1], one column for each detector, scaled per series
    features: np.ndarray  # (N, 75) float32, z-scored per series
    representations: np.ndarray  # (N, R) float32
    deviation: np.ndarray  # (N,) float32 in [0, 1]: the TS2Vec score

    @classmethod
    def of_series(
        cls, arrays: Mapping[str, np.ndarray], series: np.ndarray, representations: np.ndarray, deviation: np.ndarray
    ) -> Self:
        """The pool of the prepared series with these places, in this order.

        `arrays` are those of the prepare stage (`names`, `offsets`, `timestamps`, `values`, `labels`, `detector_names`,
        `scores`, `features`, over all series); `representations` (N, R) and `deviation` (N,) cover the chosen only.
        """
        offsets = arrays["offsets"]
        lengths = np.diff(offsets)[series]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        points = np.arange(starts[-1]) + np.repeat(offsets[series] - starts[:-1], lengths)
        if len(representations) != len(points) or len(deviation) != len(points):
            raise ValueError(
                f"{len(points)} points of {len(series)} series, but {len(representations)} representations and "
                f"{len(deviation)} TS2Vec scores: they belong to other series"
            )
        return cls(
            names=tuple(str(arrays["names"][place]) for place in series),
            offsets=starts,
            timestamps=arrays["timestamps"][points],
            values=arrays["values"][points],
            labels=arrays["labels"][points],
            detectors=tuple(str(name) for name in arrays["detector_names"]),
            scores=arrays["scores"][points],
            features=arrays["features"][points],
            representations=np.asarray(representations, dtype=np.float32),
            deviation=np.asarray(deviation, dtype=np.float32),
        )

    def __len__(self) -> int:
        return int(self.offsets[-1])

    def series_of(self, point: int) -> int:
        """Place of the series that a point belongs to."""
        return int(np.searchsorted(self.offsets, point, side="right")) - 1

    def window(self, point: int, reach: int) -> slice:
        """Points [point - reach, point + reach), clipped to the point's series."""
        series = self.series_of(point)
        return slice(max(int(self.offsets[series]), point - reach), min(int(self.offsets[series + 1]), point + reach))

    @cached_property
    def inputs(self) -> np.ndarray:
        """What the end model sees (N, 75 + D): features, and detector scores z-scored over the pool (card 3.3)."""
        spread = np.maximum(self.scores.std(0, dtype=np.float64), FLOOR)
        standardised = (self.scores - self.scores.mean(0, dtype=np.float64)) / spread
        return np.ascontiguousarray(np.concatenate([self.features, standardised], axis=1), dtype=np.float32)

    @cached_property
    def suspicion(self) -> np.ndarray:
        """Prior suspicion (N,): the mean of the detectors' scores, as scaled per series."""
        return self.scores.mean(1, dtype=np.float64)

    @cached_property
    def initial_scores(self) -> np.ndarray:
        """What the initial labelling functions look at (N, D + 1): all scores, TS2Vec's last, scaled over the pool."""
        return scaled(np.concatenate([self.scores, self.deviation[:, None]], axis=1))
