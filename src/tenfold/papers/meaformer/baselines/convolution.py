"""Graph convolutions: products with the normalised adjacency, and weight matrices (or none) between them."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.meaformer.graph_attention import Edges, ReceptiveField, neighbour_sum


class GraphConvolutions(nn.Module):
    """H' = A H W + b with ReLU between layers; A is the adjacency with the weights of its edges.

    Trainable inputs (N, widths[0]), N(0, 1/N). Without `transforms` there is no W and no b, as GCN-Align has it.
    """

    def __init__(self, nodes: int, widths: list[int], *, transforms: bool) -> None:
        super().__init__()
        self.inputs = nn.Parameter(torch.randn(nodes, widths[0]) * nodes**-0.5)
        self.depth = len(widths) - 1
        pairs = pairwise(widths)
        self.transforms = nn.ModuleList(nn.Linear(*pair) for pair in pairs) if transforms else None

    def forward(self, field: ReceptiveField) -> torch.Tensor:
        """Outputs (n, d) at the rows of the field, whose edges have weights."""
        x: torch.Tensor = self.inputs
        for number, edges in enumerate(field.layers):
            x = functional.relu(x) if number else x
            x = _weighted_sum(edges, x)
            if self.transforms is not None:
                x = self.transforms[number](x)
        return x


def _weighted_sum(edges: Edges, x: torch.Tensor) -> torch.Tensor:
    assert edges.weights is not None
    return neighbour_sum(edges.weights, x, edges)
