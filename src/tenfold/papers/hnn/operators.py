"""The matrices of a hypergraph that layers multiply by, each made when it is first asked for.

H (N, M) is the incidence matrix, D_v and D_e the diagonal matrices of node degrees and hyperedge sizes; 0/0 is 0.
No product of two of them is ever formed: P Z is two products with a matrix that has as many entries as H.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.sparse import Rows, SparseMatrix


@dataclass(frozen=True, eq=False)
class HyperedgeRows:
    """Some hyperedges: their places (M',) among all, and their rows (M', N) of D_e^-1 H^T."""

    places: torch.Tensor
    means: SparseMatrix


class Operators:
    """Matrices of one hypergraph on one device."""

    def __init__(
        self, hypergraph: Hypergraph, device: torch.device | str = "cpu", numbers: np.ndarray | None = None
    ) -> None:
        """`numbers` (M',) are the hyperedges' places in a larger list (for trainable weights); the remaining M - M'
        hyperedges, singletons that stand in for no hyperedge, have none.
        """
        self.hypergraph = hypergraph
        self.device = device
        self._numbers = np.arange(hypergraph.edges) if numbers is None else numbers

    @property
    def nodes(self) -> int:
        return self.hypergraph.nodes

    @property
    def edges(self) -> int:
        return self.hypergraph.edges

    @cached_property
    def numbers(self) -> torch.Tensor:
        """(M',) places of the hyperedges in a larger list."""
        return torch.from_numpy(self._numbers).to(self.device)

    # ----------------------------------------------------------------------------------------- incidences
    # All matrices share the places of their entries, by hyperedge and by node; only the values differ.

    @cached_property
    def offsets(self) -> torch.Tensor:
        """(M + 1,) where each hyperedge's incidences begin."""
        return self._integers(self.hypergraph.offsets)

    @cached_property
    def _node(self) -> torch.Tensor:
        return self._integers(self.hypergraph.node)

    @cached_property
    def _edge(self) -> torch.Tensor:
        return self._integers(self.hypergraph.edge)

    @cached_property
    def _by_node(self) -> np.ndarray:
        """(I,) the incidences in the order of their nodes."""
        return np.argsort(self.hypergraph.node, kind="stable")

    @cached_property
    def _node_offsets(self) -> torch.Tensor:
        return self._integers(np.concatenate([[0], np.cumsum(self.hypergraph.degrees)]))

    @cached_property
    def _edge_by_node(self) -> torch.Tensor:
        return self._integers(self.hypergraph.edge[self._by_node])

    @cached_property
    def _count(self) -> torch.Tensor:
        return torch.arange(len(self.hypergraph.node) + 1, dtype=torch.int32, device=self.device)

    @cached_property
    def _ones(self) -> torch.Tensor:
        return torch.ones(len(self.hypergraph.node), dtype=torch.float32, device=self.device)

    @cached_property
    def node_of(self) -> SparseMatrix:
        """(I, N): picks each incidence's node."""
        rows = Rows(self._count, self._node, self._ones)
        columns = Rows(self._node_offsets, self._integers(self._by_node), self._ones)
        return SparseMatrix.of_rows((len(self._node), self.nodes), rows, columns)

    @cached_property
    def edge_of(self) -> SparseMatrix:
        """(I, M): picks each incidence's hyperedge."""
        rows = Rows(self._count, self._edge, self._ones)
        return SparseMatrix.of_rows(
            (len(self._edge), self.edges), rows, Rows(self.offsets, self._count[:-1], self._ones)
        )

    @cached_property
    def mean_by_node(self) -> SparseMatrix:
        """(N, I): mean over the incidences of each node, 0 where it has none."""
        shares = power(self.hypergraph.degrees, -1)[self.hypergraph.node]
        rows = Rows(self._node_offsets, self._integers(self._by_node), self._floats(shares[self._by_node]))
        return SparseMatrix.of_rows(
            (self.nodes, len(shares)), rows, Rows(self._count, self._node, self._floats(shares))
        )

    @cached_property
    def member_sums(self) -> SparseMatrix:
        """(M, I): sum over the incidences of each hyperedge."""
        return self.edge_of.transposed()

    def _integers(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.int32)).to(self.device)

    def _floats(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device)

    def sum_over_nodes(self, values: np.ndarray) -> np.ndarray:
        """H^T v (M,) of numbers v (N,)."""
        graph = self.hypergraph
        return np.bincount(graph.edge, weights=values[graph.node], minlength=graph.edges)

    def sum_over_edges(self, values: np.ndarray) -> np.ndarray:
        """H w (N,) of numbers w (M,)."""
        graph = self.hypergraph
        return np.bincount(graph.node, weights=values[graph.edge], minlength=graph.nodes)

    @property
    def every_hyperedge(self) -> HyperedgeRows:
        """All hyperedges."""
        return HyperedgeRows(torch.arange(self.edges, device=self.device), self.to_edges)

    def around(self, nodes: np.ndarray) -> tuple[Operators, HyperedgeRows]:
        """The incidences of some nodes (L,) alone, and their hyperedges among all.

        Nodes and hyperedges are numbered anew. Nodes have all of their hyperedges in it; hyperedges lack nodes.
        """
        place = np.full(self.nodes, -1)
        place[nodes] = np.arange(len(nodes))
        kept = place[self.hypergraph.node] >= 0
        edges, edge = np.unique(self.hypergraph.edge[kept], return_inverse=True)
        part = Hypergraph.from_incidences(place[self.hypergraph.node[kept]], edge, len(nodes), len(edges))
        means = Operators(self.hypergraph.select(edges), self.device).to_edges
        return Operators(part, self.device), HyperedgeRows(torch.from_numpy(edges).to(self.device), means)

    # ------------------------------------------------------------------------------------- random walks

    @cached_property
    def to_edges(self) -> SparseMatrix:
        """D_e^-1 H^T (M, N): mean over the nodes of each hyperedge."""
        return self._scaled(left=power(self.hypergraph.sizes, -1))

    @cached_property
    def to_nodes(self) -> SparseMatrix:
        """D_v^-1 H (N, M): mean over the hyperedges of each node."""
        return self._scaled_transpose(left=power(self.hypergraph.degrees, -1))

    @cached_property
    def sum_to_nodes(self) -> SparseMatrix:
        """H (N, M)."""
        return self._scaled_transpose()

    @cached_property
    def sum_to_edges(self) -> SparseMatrix:
        """H^T (M, N)."""
        return self._scaled()

    def walk(self, nodes: torch.Tensor) -> torch.Tensor:
        """P Z, P = D_v^-1 H D_e^-1 H^T: a step from nodes over hyperedges to nodes."""
        return self.to_nodes @ (self.to_edges @ nodes)

    def edge_walk(self, edges: torch.Tensor) -> torch.Tensor:
        """P_e Y, P_e = D_e^-1 H^T D_v^-1 H: a step from hyperedges over nodes to hyperedges."""
        return self.to_edges @ (self.to_nodes @ edges)

    # ----------------------------------------------------------------------------------------- baselines

    @cached_property
    def hgnn(self) -> tuple[SparseMatrix, SparseMatrix]:
        """(D_v^-1/2 H, D_e^-1 H^T D_v^-1/2), whose product is HGNN's Theta."""
        root = power(self.hypergraph.degrees, -0.5)
        return (
            self._scaled_transpose(left=root),
            self._scaled(left=power(self.hypergraph.sizes, -1), right=root),
        )

    def theta(self, nodes: torch.Tensor) -> torch.Tensor:
        """Theta Z, Theta = D_v^-1/2 H D_e^-1 H^T D_v^-1/2."""
        left, right = self.hgnn
        return left @ (right @ nodes)

    @cached_property
    def clique_degrees(self) -> np.ndarray:
        """(N,) row sums of A + I, A = H H^T - D_v: common hyperedges with other nodes, and 1."""
        return self.sum_over_edges(self.hypergraph.sizes) - self.hypergraph.degrees + 1.0

    @cached_property
    def clique_parts(self) -> tuple[SparseMatrix, SparseMatrix, torch.Tensor]:
        """(S H, H^T S, S (I - D_v) S as (N, 1)), S = D^-1/2 of the clique degrees."""
        root = power(self.clique_degrees, -0.5)
        rest = torch.from_numpy((root**2 * (1 - self.hypergraph.degrees)).astype(np.float32)).to(self.device)
        return self._scaled_transpose(left=root), self._scaled(right=root), rest[:, None]

    def clique(self, nodes: torch.Tensor) -> torch.Tensor:
        """D^-1/2 (A + I) D^-1/2 Z of the clique expansion, without forming its |e|^2 entries a hyperedge."""
        left, right, rest = self.clique_parts
        return left @ (right @ nodes) + rest.to(nodes.dtype) * nodes

    def weighted_means(self, alpha: float, beta: float) -> tuple[SparseMatrix, SparseMatrix]:
        """HNHN's (N, M) and (M, N): means over hyperedges weighted by size^alpha, over nodes by degree^beta."""
        sizes, degrees = power(self.hypergraph.sizes, alpha), power(self.hypergraph.degrees, beta)
        over_edges = power(self.sum_over_edges(sizes), -1)
        over_nodes = power(self.sum_over_nodes(degrees), -1)
        return (
            self._scaled_transpose(left=over_edges, right=sizes),
            self._scaled(left=over_nodes, right=degrees),
        )

    @cached_property
    def unigcn(self) -> SparseMatrix:
        """D_v^-1/2 H D_m^-1/2 (N, M), D_m the mean degree of each hyperedge's nodes."""
        graph = self.hypergraph
        mean_degree = power(graph.sizes, -1) * self.sum_over_nodes(graph.degrees)
        return self._scaled_transpose(left=power(graph.degrees, -0.5), right=power(mean_degree, -0.5))

    def _scaled(self, left: np.ndarray | None = None, right: np.ndarray | None = None) -> SparseMatrix:
        """diag(left) H^T diag(right)."""
        values = np.ones(len(self.hypergraph.node))
        if left is not None:
            values = values * left[self.hypergraph.edge]
        if right is not None:
            values = values * right[self.hypergraph.node]
        rows = Rows(self.offsets, self._node, self._floats(values))
        columns = Rows(self._node_offsets, self._edge_by_node, self._floats(values[self._by_node]))
        return SparseMatrix.of_rows((self.edges, self.nodes), rows, columns)

    def _scaled_transpose(self, left: np.ndarray | None = None, right: np.ndarray | None = None) -> SparseMatrix:
        """diag(left) H diag(right)."""
        return self._scaled(left=right, right=left).transposed()


def power(values: np.ndarray, exponent: float) -> np.ndarray:
    """`values ** exponent`, 0 where a value is 0."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(values > 0, np.where(values > 0, values, 1.0) ** exponent, 0.0)
