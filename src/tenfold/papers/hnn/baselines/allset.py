"""AllDeepSets (Chien et al. 2022), with the layer normalisation of its authors' code."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from tenfold.papers.hnn.encoders import Embeddings, Encoder, Features
from tenfold.papers.hnn.operators import HyperedgeRows, Operators
from tenfold.papers.hnn.sparse import SparseMatrix


class NormalisedLinear(nn.Module):
    """LayerNorm and a linear layer: ((x - mean) / deviation * g + b) W^T + c, for dense or sparse rows x.

    A sparse x (N, F) stays sparse: x (g W^T) / deviation - (mean / deviation) g W^T + b W^T + c.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(inputs), nn.Linear(inputs, outputs)

    def forward(self, signal: Features) -> torch.Tensor:
        if isinstance(signal, torch.Tensor):
            return self.linear(self.norm(signal))
        count = signal.shape[1]
        mean = signal.row_sums() / count  # (N, 1)
        deviation = (signal.row_sums(of_squares=True) / count - mean.square() + self.norm.eps).sqrt()
        weight = self.linear.weight * self.norm.weight  # (outputs, F)
        product = (signal @ weight.T - mean * weight.sum(dim=1)) / deviation
        return product + self.linear(self.norm.bias)


class Perceptron(nn.Module):
    """LayerNorm, linear, ReLU, LayerNorm, linear."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.norm = NormalisedLinear(inputs, outputs), nn.LayerNorm(outputs)
        self.second = nn.Linear(outputs, outputs)

    def forward(self, signal: Features) -> torch.Tensor:
        return self.second(self.norm(torch.relu(self.first(signal))))


class SetStep(nn.Module):
    """From the members of each set to the set: relu(MLP_2(mean of relu(MLP_1)))."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.members, self.sets = Perceptron(inputs, outputs), Perceptron(outputs, outputs)

    def forward(self, signal: Features, means: SparseMatrix) -> torch.Tensor:
        return torch.relu(self.sets(means @ torch.relu(self.members(signal))))


class AllDeepSets(Encoder):
    """A layer is a step from nodes to hyperedges and one back. Sets are averaged, the authors' default.

    Dropout stands before each step from the second on. The code has it inside the steps too: then the training loss
    does not fall for more than a hundred epochs.
    """

    def __init__(self, widths: list[int], dropout: float) -> None:
        super().__init__(widths[-1], dropout)
        pairs = list(itertools.pairwise(widths))
        self.to_edges = nn.ModuleList(SetStep(a, b) for a, b in pairs)
        self.to_nodes = nn.ModuleList(SetStep(b, b) for _, b in pairs)

    def input_weights(self) -> list[nn.Parameter]:
        step: SetStep = self.to_edges[0]  # type: ignore[assignment]
        return [step.members.first.linear.weight]  # type: ignore[list-item]

    def forward(self, features: Features, graph: Operators, wanted: HyperedgeRows | None = None) -> Embeddings:  # noqa: ARG002
        signal: Features = features
        for number, (to_edges, to_nodes) in enumerate(zip(self.to_edges, self.to_nodes, strict=True)):
            edges = to_edges(self.dropped(number, signal), graph.to_edges)
            signal = to_nodes(self.dropout(edges), graph.to_nodes)
        assert isinstance(signal, torch.Tensor)
        return Embeddings(signal)
