"""Methods with a step from nodes to hyperedges and one back: HNHN and AllDeepSets."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from tenfold.papers.hnn.encoders import Embeddings, Encoder, Features, glorot
from tenfold.papers.hnn.operators import Operators


class HNHN(Encoder):
    """HNHN (Dong et al. 2020): Y = relu(mean_beta(Z) W_1 + b_1), Z' = relu(mean_alpha(Y) W_2 + b_2).

    mean_beta weighs the nodes of a hyperedge by degree^beta, mean_alpha the hyperedges of a node by size^alpha.
    """

    def __init__(self, widths: list[int], dropout: float, alpha: float, beta: float) -> None:
        super().__init__()
        self.dropout, self.width, self.alpha, self.beta = dropout, widths[-1], alpha, beta
        pairs = list(itertools.pairwise(widths))
        self.to_edges = nn.ParameterList(glorot(a, b) for a, b in pairs)
        self.to_nodes = nn.ParameterList(glorot(b, b) for _, b in pairs)
        self.edge_biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)
        self.node_biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)

    def forward(self, features: Features, graph: Operators, with_edges: bool = False) -> Embeddings:  # noqa: ARG002
        over_edges, over_nodes = graph.weighted_means(self.alpha, self.beta)
        signal: Features = features
        for number, weight in enumerate(self.to_edges):
            product = self.dropped(number, signal) @ weight
            edges = torch.relu(over_nodes @ product + self.edge_biases[number])
            signal = torch.relu(over_edges @ (edges @ self.to_nodes[number]) + self.node_biases[number])
        assert isinstance(signal, torch.Tensor)
        return Embeddings(signal)


class AllDeepSets(Encoder):
    """AllSet with Deep Sets (Chien et al. 2022): each step is MLP_2(mean over the set of MLP_1).

    MLP_1 and MLP_2 are one layer each with ReLU.
    """

    def __init__(self, widths: list[int], dropout: float) -> None:
        super().__init__()
        self.dropout, self.width = dropout, widths[-1]
        pairs = list(itertools.pairwise(widths))
        self.first = nn.ParameterList(glorot(a, b) for a, b in pairs)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)
        self.others = nn.ModuleList(nn.ModuleList(nn.Linear(b, b) for _ in range(3)) for _, b in pairs)

    def forward(self, features: Features, graph: Operators, with_edges: bool = False) -> Embeddings:  # noqa: ARG002
        signal: Features = features
        for number, (weight, bias) in enumerate(zip(self.first, self.biases, strict=True)):
            to_edge, from_edge, to_node = list(self.others[number])  # type: ignore[call-overload]
            member = torch.relu(self.dropped(number, signal) @ weight + bias)
            edges = torch.relu(to_edge(graph.to_edges @ member))
            signal = torch.relu(to_node(graph.to_nodes @ torch.relu(from_edge(edges))))
        assert isinstance(signal, torch.Tensor)
        return Embeddings(signal)
