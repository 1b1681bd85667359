"""Bags of words of entities: how often each relation, attribute type or character bigram occurs with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Bag:
    """A sparse matrix (N, `columns`): `count[k]` stands at `row[k]`, `column[k]`; no place stands twice."""

    row: np.ndarray
    column: np.ndarray
    count: np.ndarray
    columns: int

    @classmethod
    def of(cls, rows: np.ndarray, columns: np.ndarray, width: int) -> Bag:
        """Counts of the pairs (rows[k], columns[k])."""
        keys, counts = np.unique(rows.astype(np.int64) * width + columns, return_counts=True)
        return cls(keys // width, keys % width, counts, width)

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """As named arrays."""
        return {
            f"{name}_row": self.row.astype(np.int32),
            f"{name}_column": self.column.astype(np.int32),
            f"{name}_count": self.count.astype(np.int32),
            f"{name}_columns": np.array(self.columns),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], name: str) -> Bag | None:
        """What `arrays` wrote; None when it is not there."""
        if f"{name}_row" not in arrays:
            return None
        row, column, count = (arrays[f"{name}_{part}"] for part in ("row", "column", "count"))
        return cls(row, column, count, int(arrays[f"{name}_columns"]))

    def dense(self, rows: int) -> np.ndarray:
        """(rows, columns) float32"""
        matrix = np.zeros((rows, self.columns), dtype=np.float32)
        matrix[self.row, self.column] = self.count
        return matrix


def most_frequent(values: np.ndarray, size: int) -> np.ndarray:
    """Place of every possible value among the `size` most frequent, -1 for the others; ties go to the first seen."""
    kinds, first, counts = np.unique(values, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))[:size]
    places = np.full(int(kinds.max()) + 1 if len(kinds) else 0, -1)
    places[kinds[order]] = np.arange(len(order))
    return places


def relation_bag(triples: np.ndarray, size: int) -> Bag:
    """x^r[e, k]: triples (T, 3) of relation k in which e is head or tail; a loop counts twice. `size` columns."""
    place = most_frequent(triples[:, 1], size)[triples[:, 1]]
    kept = place >= 0
    ends = np.concatenate([triples[kept, 0], triples[kept, 2]])
    return Bag.of(ends, np.tile(place[kept], 2), size)


def attribute_bag(entities: np.ndarray, types: np.ndarray, size: int) -> Bag:
    """x^a[e, k]: 1 where e has attribute type k, else 0; at most `size` columns."""
    place = most_frequent(types, size)
    kept = place[types] >= 0
    bag = Bag.of(entities[kept], place[types][kept], min(size, int((place >= 0).sum())))
    return Bag(bag.row, bag.column, np.ones_like(bag.count), bag.columns)


def bigram_bag(names: Mapping[int, str]) -> Bag:
    """Character bigrams within the words of a name, in lower case."""
    number: dict[str, int] = {}
    rows, columns = [], []
    for entity, name in names.items():  # text: there is nothing to vectorize over
        for word in name.lower().split(" "):
            for pair in (word[place : place + 2] for place in range(len(word) - 1)):
                rows.append(entity)
                columns.append(number.setdefault(pair, len(number)))
    return Bag.of(np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64), max(1, len(number)))
