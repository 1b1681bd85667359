"""The votes of all labelling functions, kept sparse, with the counts that label models and queries need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

ABSTAIN, NORMAL, ANOMALY = -1, 0, 1


@dataclass(frozen=True)
class LabellingFunction:
    """One labelling function on a pool: the points it calls normal and those it calls anomalous, each ascending."""

    name: str
    kind: str
    iteration: int
    normal: np.ndarray  # (a,) int32
    anomalous: np.ndarray  # (b,) int32

    @classmethod
    def of_votes(cls, name: str, kind: str, iteration: int, votes: np.ndarray) -> Self:
        """From a dense column (N,) of -1, 0, 1."""
        normal, anomalous = (np.flatnonzero(votes == value).astype(np.int32) for value in (NORMAL, ANOMALY))
        return cls(name, kind, iteration, normal, anomalous)


class Votes:
    """The matrix L (N, m) of votes, column by column; a column never changes once it is there.

    `normal` and `anomalous` (N,) count the functions that vote so. `together` (2m, 2m) counts the points on which the
    function of a row casts the row's vote and that of a column the column's; rows are (function, class), class 0 first.
    """

    def __init__(self, points: int) -> None:
        self.functions: list[LabellingFunction] = []
        self.normal = np.zeros(points, dtype=np.int32)
        self.anomalous = np.zeros(points, dtype=np.int32)
        self.together = np.zeros((0, 0), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.functions)

    @property
    def points(self) -> int:
        return len(self.normal)

    @property
    def abstaining(self) -> np.ndarray:
        """Number of functions (N,) that abstain."""
        return len(self) - self.normal - self.anomalous

    def append(self, function: LabellingFunction) -> None:
        """Add a column and its counts: the work is proportional to the votes cast so far, not to N m."""
        self.functions.append(function)
        self.normal[function.normal] += 1
        self.anomalous[function.anomalous] += 1
        own = np.zeros(self.points, dtype=np.int8)  # 0 abstain, 1 normal, 2 anomaly
        own[function.normal], own[function.anomalous] = 1, 2
        new = np.array(
            [
                np.bincount(own[places], minlength=3)[1:]
                for other in self.functions
                for places in (other.normal, other.anomalous)
            ]
        ).T  # (2, 2m)
        size = 2 * len(self)
        grown = np.zeros((size, size), dtype=np.int64)
        grown[:-2, :-2] = self.together
        grown[-2:] = new
        grown[:, -2:] = new.T
        self.together = grown

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """For each point the sum (N,) of its votes' weights; `weights` (m, 2) for voting normal and anomaly."""
        total = np.zeros(self.points)
        for function, (normal, anomalous) in zip(self.functions, weights, strict=True):
            total[function.normal] += normal
            total[function.anomalous] += anomalous
        return total

    def dense(self) -> np.ndarray:
        """The matrix (N, m) int8 of -1, 0, 1."""
        matrix = np.full((self.points, len(self)), ABSTAIN, dtype=np.int8)
        for column, function in enumerate(self.functions):
            matrix[function.normal, column] = NORMAL
            matrix[function.anomalous, column] = ANOMALY
        return matrix

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as arrays, for `from_arrays`."""
        lengths = [[len(f.normal), len(f.anomalous)] for f in self.functions]
        return {
            "points": np.array(self.points),
            "names": np.array([f.name for f in self.functions], dtype="U"),
            "kinds": np.array([f.kind for f in self.functions], dtype="U"),
            "iterations": np.array([f.iteration for f in self.functions], dtype=np.int64),
            "lengths": np.array(lengths, dtype=np.int64).reshape(-1, 2),
            "places": np.concatenate(
                [np.zeros(0, dtype=np.int32), *(p for f in self.functions for p in (f.normal, f.anomalous))]
            ),
            "together": self.together,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The votes that `to_arrays` wrote."""
        votes = cls(int(arrays["points"]))
        pieces = np.split(arrays["places"].astype(np.int32), np.cumsum(arrays["lengths"].ravel())[:-1]) or []
        for column, (name, kind) in enumerate(zip(arrays["names"], arrays["kinds"], strict=True)):
            normal, anomalous = pieces[2 * column : 2 * column + 2]
            function = LabellingFunction(str(name), str(kind), int(arrays["iterations"][column]), normal, anomalous)
            votes.functions.append(function)
            votes.normal[normal] += 1
            votes.anomalous[anomalous] += 1
        votes.together = arrays["together"].astype(np.int64)
        return votes
