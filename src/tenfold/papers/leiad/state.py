"""What an interaction knows: plain data that can be saved after any answer and taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from tenfold.papers.leiad.labelling.votes import Votes


@dataclass(frozen=True)
class Query:
    """A window to show: points start:stop of the pool, all of series `series`, asked for because of point `centre`."""

    series: int
    centre: int
    start: int
    stop: int
    iteration: int
    rank: int  # place in the iteration's query list, from 0


@dataclass(frozen=True)
class Shown:
    """An answered query."""

    query: Query
    anomalies: int  # points that were marked


@dataclass
class State:
    """Everything that the next query depends on, apart from the pool, the settings and the random generator."""

    gold: np.ndarray  # (N,) int8: the user's labels, -1 where there is none
    votes: Votes
    use_majority: bool = False
    iteration: int = 0
    interactions: int = 0
    learned: bool = False  # whether the end model has seen all labels there are
    listed: list[int] = field(default_factory=list)  # points of the query list that are still to show
    rank: int = 0
    scores: np.ndarray | None = None  # (N,) the end model's, of the pool
    label_scores: np.ndarray | None = None  # (N,) the label model's posterior
    test_scores: np.ndarray | None = None  # (M,) the end model's, of the test pool
    shown: list[Shown] = field(default_factory=list)
    curve: list[dict[str, float]] = field(default_factory=list)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as arrays, for `from_arrays`."""
        plain = {
            "use_majority": self.use_majority,
            "iteration": self.iteration,
            "interactions": self.interactions,
            "learned": self.learned,
            "rank": self.rank,
            "curve": self.curve,
        }
        arrays = {
            "plain": np.array(json.dumps(plain)),
            "gold": self.gold,
            "listed": np.array(self.listed, dtype=np.int64),
            "shown": np.array(
                [
                    [q.series, q.centre, q.start, q.stop, q.iteration, q.rank, s.anomalies]
                    for s in self.shown
                    for q in [s.query]
                ],
                dtype=np.int64,
            ).reshape(-1, 7),
        }
        arrays |= {f"votes/{name}": array for name, array in self.votes.to_arrays().items()}
        for name in ("scores", "label_scores", "test_scores"):
            if (array := getattr(self, name)) is not None:
                arrays[name] = array
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The state that `to_arrays` wrote."""
        votes = {name.removeprefix("votes/"): array for name, array in arrays.items() if name.startswith("votes/")}
        return cls(
            gold=np.array(arrays["gold"], dtype=np.int8),
            votes=Votes.from_arrays(votes),
            listed=[int(point) for point in arrays["listed"]],
            shown=[Shown(Query(*map(int, row[:6])), int(row[6])) for row in arrays["shown"]],
            scores=arrays.get("scores"),
            label_scores=arrays.get("label_scores"),
            test_scores=arrays.get("test_scores"),
            **json.loads(str(arrays["plain"])),
        )
