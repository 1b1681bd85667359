"""Hypergraphs as incidence lists, and what comes with them: features, labels, splits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """N nodes, M hyperedges and I incidences, sorted by hyperedge and in it by node; no incidence stands twice.

    A hyperedge may be empty: then its row of the incidence matrix is zero.
    """

    node: np.ndarray
    """(I,) int64"""
    edge: np.ndarray
    """(I,) int64, ascending"""
    nodes: int
    """N"""
    edges: int
    """M"""

    @classmethod
    def from_incidences(cls, node: np.ndarray, edge: np.ndarray, nodes: int, edges: int) -> Hypergraph:
        """From pairs in any order; pairs that stand twice count once."""
        keys = np.unique(np.asarray(edge, dtype=np.int64) * max(nodes, 1) + np.asarray(node, dtype=np.int64))
        return cls(keys % max(nodes, 1), keys // max(nodes, 1), nodes, edges)

    @classmethod
    def from_sets(cls, sets: Sequence[Iterable[int]], nodes: int) -> Hypergraph:
        """One hyperedge for each set of nodes."""
        lists = [np.fromiter(members, dtype=np.int64) for members in sets]
        edge = np.repeat(np.arange(len(lists)), [len(members) for members in lists])
        node = np.concatenate(lists) if lists else np.empty(0, dtype=np.int64)
        return cls.from_incidences(node, edge, nodes, len(lists))

    @property
    def sizes(self) -> np.ndarray:
        """(M,) nodes of each hyperedge."""
        return np.bincount(self.edge, minlength=self.edges)

    @property
    def degrees(self) -> np.ndarray:
        """(N,) hyperedges of each node."""
        return np.bincount(self.node, minlength=self.nodes)

    @property
    def offsets(self) -> np.ndarray:
        """(M + 1,) where each hyperedge's incidences begin."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def select(self, chosen: np.ndarray) -> Hypergraph:
        """The chosen hyperedges, a mask (M,) or indices in ascending order, numbered anew; nodes stay."""
        mask = np.zeros(self.edges, dtype=bool)
        mask[chosen] = True
        kept = mask[self.edge]
        number = np.cumsum(mask) - 1
        return Hypergraph(self.node[kept], number[self.edge[kept]], self.nodes, int(mask.sum()))

    def with_singletons(self) -> Hypergraph:
        """One more hyperedge {i} for every node i that is in none."""
        lonely = np.flatnonzero(self.degrees == 0)
        edge = np.concatenate([self.edge, self.edges + np.arange(len(lonely))])
        return Hypergraph(np.concatenate([self.node, lonely]), edge, self.nodes, self.edges + len(lonely))

    def first_of_duplicates(self) -> np.ndarray:
        """(M,) mask: the first of all hyperedges with the same nodes."""
        first = np.zeros(self.edges, dtype=bool)
        sizes, offsets = self.sizes, self.offsets
        for size in np.unique(sizes):  # of one size at a time: these are a table
            members = np.flatnonzero(sizes == size)
            rows = self.node[offsets[members][:, None] + np.arange(size)]
            _, places = np.unique(rows, axis=0, return_index=True) if size else (None, np.array([0]))
            first[members[places]] = True
        return first


@dataclass(frozen=True, eq=False)
class HypergraphData:
    """A hypergraph with what its source says about the nodes."""

    hypergraph: Hypergraph
    features: sparse.csr_matrix | None = None
    """(N, F)"""
    labels: np.ndarray | None = None
    """(N,) int64, -1 where unknown"""
    splits: tuple[np.ndarray, ...] = ()
    """Nodes to train on, for each published split."""
