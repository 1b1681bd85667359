"""Methods whose layer is relu(S Z W) with an operator S that is fixed by the hypergraph."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import nn

from tenfold.papers.hnn.encoders import Embeddings, Encoder, Features, glorot
from tenfold.papers.hnn.operators import HyperedgeRows, Operators

Operator = Callable[[Operators, torch.Tensor], torch.Tensor]


def nothing(_graph: Operators, signal: torch.Tensor) -> torch.Tensor:
    """S = I: a multilayer perceptron on the features alone."""
    return signal


def clique(graph: Operators, signal: torch.Tensor) -> torch.Tensor:
    """A GCN (Kipf and Welling 2017) on the clique expansion: S = D^-1/2 (offdiag(H H^T) + I) D^-1/2."""
    return graph.clique(signal)


def hgnn(graph: Operators, signal: torch.Tensor) -> torch.Tensor:
    """HGNN (Feng et al. 2019): S = D_v^-1/2 H D_e^-1 H^T D_v^-1/2."""
    return graph.theta(signal)


def unigcn(graph: Operators, signal: torch.Tensor) -> torch.Tensor:
    """UniGCN (Huang and Yang 2021): S = D_v^-1/2 H D_m^-1/2 D_e^-1 H^T, D_m the mean degree of a hyperedge's nodes."""
    return graph.unigcn @ (graph.to_edges @ signal)


class Convolutions(Encoder):
    """Layers relu(S Z W) of the given widths; with `bias` relu(S Z W + b), as a multilayer perceptron has it."""

    def __init__(self, widths: list[int], dropout: float, operator: Operator, *, bias: bool) -> None:
        super().__init__(widths[-1], dropout)
        self.operator = operator
        self.weights = nn.ParameterList(glorot(a, b) for a, b in itertools.pairwise(widths))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(width)) for width in widths[1:] if bias)

    def input_weights(self) -> list[nn.Parameter]:
        return [self.weights[0]]

    def forward(self, features: Features, graph: Operators, wanted: HyperedgeRows | None = None) -> Embeddings:  # noqa: ARG002
        signal: Features = features
        for number, weight in enumerate(self.weights):
            product = self.operator(graph, self.dropped(number, signal) @ weight)
            signal = torch.relu(product + self.biases[number] if len(self.biases) else product)
        assert isinstance(signal, torch.Tensor)
        return Embeddings(signal)
