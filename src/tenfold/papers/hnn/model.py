"""HNN, as this suite specifies it from the abstract (equations: section 3 of the README).

One layer updates node embeddings Z and hyperedge embeddings Y together:

    Z' = relu(P Z W_z + D_v^-1 H Y W_ez [+ Z W_z])
    Y' = relu(P_e Y W_y + D_e^-1 H^T Z' W_zy)

and psi makes one embedding of a node for each of its hyperedges: z_{i|e} = psi(z_i, y_e).
"""

from __future__ import annotations

import itertools

import torch
from torch import nn

from tenfold.papers.hnn.encoders import Embeddings, Encoder, Features, Multiplicand, glorot
from tenfold.papers.hnn.operators import HyperedgeRows, Operators
from tenfold.papers.hnn.settings import HNN, Psi
from tenfold.papers.hnn.sparse import SparseMatrix


class Averaged:
    """Y^(0) = D_e^-1 H^T X, which is never formed: (D_e^-1 H^T X) W = D_e^-1 H^T (X W)."""

    def __init__(self, features: Features, graph: Operators) -> None:
        self.features, self.graph = features, graph

    def __matmul__(self, weight: torch.Tensor) -> torch.Tensor:
        return self.graph.to_edges @ (self.features @ weight)


class Walks:
    """The four walks of a layer over one hypergraph, with trainable hyperedge weights w or without.

    With weights W = diag(w): P = D_v^-1 H W D_e^-1 H^T and P_e = D_e^-1 H^T D_v^-1 H W, where D_v = diag(H W 1).
    """

    def __init__(self, graph: Operators, weights: torch.Tensor | None = None) -> None:
        self.graph = graph
        self.weights = None if weights is None else weights[:, None]  # (M, 1)
        if self.weights is not None:
            self._degrees = graph.sum_to_nodes @ self.weights  # (N, 1), above 0: every node is in some hyperedge

    def to_nodes(self, edges: torch.Tensor) -> torch.Tensor:
        """D_v^-1 H W Y."""
        if self.weights is None:
            return self.graph.to_nodes @ edges
        return (self.graph.sum_to_nodes @ (self.weights * edges)) / self._degrees

    def to_edges(self, nodes: torch.Tensor) -> torch.Tensor:
        """D_e^-1 H^T Z."""
        return self.graph.to_edges @ nodes


class HNNLayer(nn.Module):
    """One joint update of Z (N, inputs) and Y (M, inputs) to width `outputs`."""

    def __init__(self, inputs: int, outputs: int, variant: HNN) -> None:
        super().__init__()
        self.variant = variant
        self.node = glorot(inputs, outputs)  # W_z
        self.edge = glorot(inputs, outputs) if variant.edge_walk else None  # W_y
        self.edge_to_node = glorot(inputs, outputs) if variant.cross else None  # W_ez
        old = variant.simultaneous
        self.node_to_edge = glorot(inputs if old else outputs, outputs) if variant.cross else None  # W_zy

    def forward(
        self, nodes: Multiplicand, edges: Multiplicand, walks: Walks, edge_means: SparseMatrix | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Z', and Y' of the hyperedges whose rows of D_e^-1 H^T are `edge_means` (M', N)."""
        variant = self.variant
        own = None
        if isinstance(edges, Averaged) and self.edge_to_node is not None and not (variant.hop2 or variant.self_term):
            # Y = D_e^-1 H^T Z: both terms are D_v^-1 H D_e^-1 H^T Z (W_z + W_ez).
            stepped = walks.to_edges(nodes @ (self.node + self.edge_to_node))
        else:
            own = nodes @ self.node  # (N, d)
            stepped = walks.to_edges(walks.to_nodes(walks.to_edges(own))) if variant.hop2 else walks.to_edges(own)
            if self.edge_to_node is not None:
                stepped = stepped + edges @ self.edge_to_node  # both are then taken to the nodes in one product
        summed = walks.to_nodes(stepped)
        new_nodes = torch.relu(summed if own is None or not variant.self_term else summed + own)
        if edge_means is None:
            return new_nodes, None
        if self.edge is None and self.node_to_edge is None:  # neither term: a hyperedge is the mean of its nodes
            return new_nodes, torch.relu(edge_means @ new_nodes)
        read = nodes if variant.simultaneous else new_nodes
        return new_nodes, torch.relu(self._new_edges(read, edges, walks, edge_means))

    def _new_edges(
        self, nodes: Multiplicand, edges: Multiplicand, walks: Walks, edge_means: SparseMatrix
    ) -> torch.Tensor:
        """P_e Y W_y + D_e^-1 H^T Z W_zy. Weights commute with means and are applied where there are fewer rows."""
        fewer = edge_means.shape[0] < edge_means.shape[1]
        if fewer and isinstance(nodes, torch.Tensor) and isinstance(edges, torch.Tensor):
            pairs = [(walks.to_nodes(edges), self.edge), (nodes, self.node_to_edge)]
            parts = [(edge_means @ signal) @ weight for signal, weight in pairs if weight is not None]
            return sum(parts[1:], parts[0])
        parts = [] if self.edge is None else [walks.to_nodes(edges @ self.edge)]
        if self.node_to_edge is not None:
            parts.append(nodes @ self.node_to_edge)
        return edge_means @ sum(parts[1:], parts[0])


class HNNEncoder(Encoder):
    """K layers of HNN."""

    def __init__(self, inputs: int, dimension: int, layers: int, dropout: float, variant: HNN, hyperedges: int) -> None:
        """`hyperedges`: length of the list that `Operators.numbers` point into, for trainable weights."""
        super().__init__(dimension * layers if variant.concat_layers else dimension, dropout)
        self.variant = variant
        widths = [inputs] + [dimension] * layers
        self.layers = nn.ModuleList(HNNLayer(a, b, variant) for a, b in itertools.pairwise(widths))
        self.log_weights = nn.Parameter(torch.zeros(hyperedges)) if variant.weighted else None

    def input_weights(self) -> list[nn.Parameter]:
        first = self.layers[0]
        readers = [
            first.node,
            first.edge,
            first.edge_to_node,
            first.node_to_edge if self.variant.simultaneous else None,
        ]
        return [weight for weight in readers if isinstance(weight, nn.Parameter)]

    def forward(self, features: Features, graph: Operators, wanted: HyperedgeRows | None = None) -> Embeddings:
        walks = Walks(graph, self._weights(graph))
        nodes: Features = features
        edges: torch.Tensor | Averaged = Averaged(features, graph)
        kept: list[tuple[torch.Tensor, torch.Tensor | None]] = []
        for number, layer in enumerate(self.layers):
            last = number == len(self.layers) - 1
            means = graph.to_edges if not last else None if wanted is None else wanted.means
            if number:
                edges = self.dropped(number, edges)  # type: ignore[arg-type, assignment]
            nodes, edges = layer(self.dropped(number, nodes), edges, walks, means)
            kept.append((nodes, edges))  # type: ignore[arg-type]
        if not self.variant.concat_layers:
            return Embeddings(*kept[-1])
        joined = torch.cat([pair[0] for pair in kept], dim=1)
        if wanted is None:
            return Embeddings(joined)
        before = [pair[1][wanted.places] for pair in kept[:-1] if pair[1] is not None]
        return Embeddings(joined, torch.cat([*before, edges], dim=1))  # type: ignore[list-item]

    def _weights(self, graph: Operators) -> torch.Tensor | None:
        """(M,) hyperedge weights, 1 at first; singletons that stand in for no hyperedge keep 1."""
        if self.log_weights is None:
            return None
        learned = self.log_weights[graph.numbers].exp()
        return torch.cat([learned, learned.new_ones(graph.edges - len(learned))])


class HyperedgeDependent(nn.Module):
    """psi: embeddings z_{i|e} of incident pairs, (I, d), in the order of the incidence list.

    residual      z_i + relu([z_i ; y_e] W + b)
    no-residual   relu([z_i ; y_e] W + b)
    gated         z_i * (1 + tanh(y_e W))
    hadamard      z_i * y_e
    sum           z_i + y_e
    none          z_i
    """

    def __init__(self, width: int, psi: Psi) -> None:
        super().__init__()
        self.psi = psi
        if psi in ("residual", "no-residual"):
            both = nn.init.xavier_uniform_(torch.empty(2 * width, width))
            self.node, self.edge = nn.Parameter(both[:width].clone()), nn.Parameter(both[width:].clone())
            self.bias = nn.Parameter(torch.zeros(width))
        elif psi == "gated":
            self.edge = glorot(width, width)

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor, graph: Operators) -> torch.Tensor:
        """`nodes` (N, d), `edges` (M, d): embeddings of the nodes and hyperedges of `graph`."""
        own = graph.node_of @ nodes  # (I, d)
        if self.psi == "none":
            return own
        if self.psi in ("residual", "no-residual"):
            # [z ; y] W = z W_1 + y W_2: products for nodes and hyperedges, not for each pair.
            mixed = graph.node_of @ (nodes @ self.node) + graph.edge_of @ (edges @ self.edge + self.bias)
            return own + torch.relu(mixed) if self.psi == "residual" else torch.relu(mixed)
        if self.psi == "gated":
            return own * (1 + graph.edge_of @ torch.tanh(edges @ self.edge))
        other = graph.edge_of @ edges
        return own * other if self.psi == "hadamard" else own + other
