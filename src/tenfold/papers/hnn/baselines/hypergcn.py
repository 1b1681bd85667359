"""HyperGCN (Yadati et al. 2019): a graph approximates the hypergraph.

In each hyperedge the two nodes that are farthest apart on a random projection of the signal are joined. With mediators
they are joined to every other node of the hyperedge as well, each edge with weight 1 / (2|e| - 3), so that a hyperedge
weighs 1; without, the one edge has weight 1 / |e|.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from scipy import sparse
from torch import nn

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.encoders import Embeddings, Encoder, Features, glorot
from tenfold.papers.hnn.operators import HyperedgeRows, Operators, power
from tenfold.papers.hnn.sparse import SparseMatrix


def star_edges(hypergraph: Hypergraph, projection: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (from, to, weight) of the approximation, each once; `projection` (N,) is the signal times a random vector.

    Hyperedges of one node give none. Of equal projections the first and the last node are taken.
    """
    order = np.lexsort((projection[hypergraph.node], hypergraph.edge))
    node, sizes, offsets = hypergraph.node[order], hypergraph.sizes, hypergraph.offsets
    several = np.flatnonzero(sizes > 1)
    low, high = node[offsets[several]], node[offsets[several + 1] - 1]
    weight = np.zeros(hypergraph.edges)
    weight[several] = 1.0 / (2 * sizes[several] - 3)
    rank = np.arange(len(node)) - offsets[hypergraph.edge]
    middle = (rank > 0) & (rank < sizes[hypergraph.edge] - 1)
    owner = hypergraph.edge[middle]
    lowest, highest = node[offsets[owner]], node[offsets[owner + 1] - 1]
    return (
        np.concatenate([low, lowest, highest]),
        np.concatenate([high, node[middle], node[middle]]),
        np.concatenate([weight[several], weight[owner], weight[owner]]),
    )


def end_edges(hypergraph: Hypergraph, projection: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `star_edges`, without mediators: one edge a hyperedge, of weight 1 / |e|."""
    start, end, _ = star_edges(hypergraph, projection)
    sizes = hypergraph.sizes[hypergraph.sizes > 1]
    return start[: len(sizes)], end[: len(sizes)], 1.0 / sizes


def normalised_graph(hypergraph: Hypergraph, projection: np.ndarray, *, mediators: bool = True) -> sparse.csr_matrix:
    """D^-1/2 (A + I) D^-1/2 of the approximation; parallel edges add up."""
    start, end, weight = (star_edges if mediators else end_edges)(hypergraph, projection)
    nodes = np.arange(hypergraph.nodes)
    rows, columns = np.concatenate([start, end, nodes]), np.concatenate([end, start, nodes])
    values = np.concatenate([weight, weight, np.ones(hypergraph.nodes)])
    adjacency = sparse.csr_matrix((values, (rows, columns)), shape=(hypergraph.nodes, hypergraph.nodes))
    root = sparse.diags(power(np.asarray(adjacency.sum(axis=1)).ravel(), -0.5))
    return (root @ adjacency @ root).tocsr()


class HyperGCN(Encoder):
    """relu(A_l Z W), where A_l approximates the hypergraph by the signal Z W of layer l, anew in every pass.

    With `fast` (FastHyperGCN) A approximates it by the features, always on the same random vector.
    """

    def __init__(self, widths: list[int], dropout: float, *, fast: bool, mediators: bool = True) -> None:
        super().__init__(widths[-1], dropout)
        self.fast, self.mediators = fast, mediators
        self.weights = nn.ParameterList(glorot(a, b) for a, b in itertools.pairwise(widths))
        self.register_buffer("vector", torch.rand(widths[0], 1))

    def input_weights(self) -> list[nn.Parameter]:
        return [self.weights[0]]

    def forward(self, features: Features, graph: Operators, wanted: HyperedgeRows | None = None) -> Embeddings:  # noqa: ARG002
        signal: Features = features
        matrix = self._approximation(features @ self.vector, graph) if self.fast else None  # type: ignore[operator]
        for number, weight in enumerate(self.weights):
            product = self.dropped(number, signal) @ weight
            if matrix is None or not self.fast:
                matrix = self._approximation(product @ torch.rand(product.shape[1], 1).to(product), graph)
            signal = torch.relu(matrix @ product)
        assert isinstance(signal, torch.Tensor)
        return Embeddings(signal)

    def _approximation(self, projection: torch.Tensor, graph: Operators) -> SparseMatrix:
        values = projection.detach()[:, 0].double().cpu().numpy()
        return SparseMatrix(normalised_graph(graph.hypergraph, values, mediators=self.mediators), graph.device)
