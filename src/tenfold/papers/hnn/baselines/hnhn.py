"""HNHN: a step from nodes to hyperedges and one back, each with weights of its own."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from tenfold.papers.hnn.encoders import Embeddings, Encoder, Features, glorot
from tenfold.papers.hnn.operators import HyperedgeRows, Operators


class HNHN(Encoder):
    """HNHN (Dong et al. 2020): Y = relu(mean_beta(Z) W_1 + b_1), Z' = relu(mean_alpha(Y) W_2 + b_2).

    mean_beta weighs the nodes of a hyperedge by degree^beta, mean_alpha the hyperedges of a node by size^alpha.
    """

    def __init__(self, widths: list[int], dropout: float, alpha: float, beta: float) -> None:
        super().__init__(widths[-1], dropout)
        self.alpha, self.beta = alpha, beta
        pairs = list(itertools.pairwise(widths))
        self.to_edges = nn.ParameterList(glorot(a, b) for a, b in pairs)
        self.to_nodes = nn.ParameterList(glorot(b, b) for _, b in pairs)
        self.edge_biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)
        self.node_biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for _, b in pairs)

    def input_weights(self) -> list[nn.Parameter]:
        return [self.to_edges[0]]

    def forward(self, features: Features, graph: Operators, wanted: HyperedgeRows | None = None) -> Embeddings:  # noqa: ARG002
        over_edges, over_nodes = graph.weighted_means(self.alpha, self.beta)
        signal: Features = features
        for number, weight in enumerate(self.to_edges):
            product = self.dropped(number, signal) @ weight
            edges = torch.relu(over_nodes @ product + self.edge_biases[number])
            signal = torch.relu(over_edges @ (edges @ self.to_nodes[number]) + self.node_biases[number])
        assert isinstance(signal, torch.Tensor)
        return Embeddings(signal)
