"""The most similar item of each item (card, 3.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from tenfold.papers.ticoserec.ragged import Ragged

BLOCK = 2048
"""Items compared with all others at once."""

DECIMALS = 12
"""Similarities that differ only by the order in which their terms were added are equal."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest item of each item, where there is one."""

    item: np.ndarray
    """`(I + 2,)` int64: id of the most similar item; 0 where none is known."""
    score: np.ndarray
    """`(I + 2,)`: its similarity; 0 where none is known."""
    known: np.ndarray
    """`(K,)`: ids of the items that occur in training."""

    def of(self, items: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """The most similar item of each of `items`; a random known item stands in where there is none."""
        nearest = self.item[items]
        missing = nearest == 0
        nearest[missing] = generator.choice(self.known, size=int(missing.sum()))
        return nearest


def itemcf_iuf(histories: Ragged, item_count: int) -> sparse.csr_array:
    """Item similarity weighted by inverse user frequency, `(I + 2, I + 2)`, without a diagonal.

    `sim(i, j) = sum_u 1 / log(1 + |N_u|) / sqrt(c_i c_j)` over the users `u` who hold both; `N_u` is the set of a
    user's items and `c_i` the number of users who hold `i`.
    """
    holds = _incidence(histories, item_count)
    items_of_user = np.asarray(holds.sum(axis=1)).ravel()
    weight = 1 / np.log1p(np.maximum(items_of_user, 1))
    together = (holds.T @ sparse.diags_array(weight) @ holds).tocoo()
    users_of_item = np.asarray(holds.sum(axis=0)).ravel()
    row, column = together.coords
    other = row != column
    row, column = row[other], column[other]
    similarity = together.data[other] / np.sqrt(users_of_item[row] * users_of_item[column])
    return sparse.csr_array((similarity, (row, column)), shape=together.shape)


def most_similar(similarity: sparse.csr_array, histories: Ragged) -> Neighbours:
    """The neighbour of each item with the highest similarity; of equal ones that with the smallest id."""
    entries = similarity.tocoo()
    row, column = entries.coords
    ranked = np.round(entries.data, DECIMALS)
    order = np.lexsort((column, -ranked, row))
    rows, first = np.unique(row[order], return_index=True)
    item = np.zeros(similarity.shape[0], dtype=np.int64)
    score = np.zeros(similarity.shape[0])
    item[rows], score[rows] = column[order][first], entries.data[order][first]
    return Neighbours(item, score, np.unique(histories.values))


def nearest_by_vectors(vectors: np.ndarray, known: np.ndarray, *, farthest: bool = False) -> Neighbours:
    """The neighbour of each known item with the largest inner product of vectors `(I + 2, d)`, or the smallest one."""
    item = np.zeros(len(vectors), dtype=np.int64)
    score = np.zeros(len(vectors))
    candidates = vectors[known]
    sign = -1.0 if farthest else 1.0
    for start in range(0, len(known), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(known)))
        products = sign * (candidates[rows] @ candidates.T)
        products[np.arange(len(rows)), rows] = -np.inf
        best = products.argmax(axis=1)
        item[known[rows]] = known[best]
        score[known[rows]] = sign * products[np.arange(len(rows)), best]
    return Neighbours(item, score, known)


def hybrid(offline: Neighbours, online: Neighbours, *, upside_down: bool = False) -> Neighbours:
    """Of the two neighbours of each item the one whose min-max normalised score is higher; offline wins ties.

    `upside_down` normalises as the published code does, `(max - s) / (max - min)`, which prefers the dissimilar one.
    """
    offline_score, online_score = (_normalised(part, upside_down=upside_down) for part in (offline, online))
    take_online = online_score > offline_score
    item = np.where(take_online, online.item, offline.item)
    return Neighbours(item, np.where(take_online, online_score, offline_score), offline.known)


def _normalised(neighbours: Neighbours, *, upside_down: bool) -> np.ndarray:
    """`(I + 2,)`: scores from 0 to 1; below every score where there is no neighbour."""
    there = neighbours.item > 0
    scores = neighbours.score[there]
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 1.0)
    normalised = np.full(len(neighbours.item), -1.0)
    normalised[there] = (scores - low) / max(high - low, np.finfo(float).tiny)
    return np.where(there, 1 - normalised, -1.0) if upside_down else normalised


def _incidence(histories: Ragged, item_count: int) -> sparse.csr_array:
    """`(U, I + 2)`: 1 where a user holds an item, however often."""
    ones = np.ones(len(histories.values))
    table = sparse.csr_array((ones, (histories.rows, histories.values)), shape=(len(histories), item_count + 2))
    table.data[:] = 1  # the constructor has added up repeats
    return table
