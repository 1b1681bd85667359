"""Graph convolutional network on weighted graphs whose edges are the features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tenfold.papers.r2et.networks.stack import Parameters, activate, uniform


@dataclass(frozen=True)
class GraphConvolutional:
    """Two layers Z <- activation(A_norm Z W + b), the mean over nodes, and a linear layer.

    An input is the vector of the N (N - 1) / 2 edge weights (upper triangle, row by row), so a saliency says how
    important each edge is. A_norm = D^-1/2 (A + I) D^-1/2 with D the sums of |A + I|: correlations may be negative.
    Node features are the node's own row of A + I, its connection profile.
    """

    nodes: int
    widths: tuple[int, int] = (16, 16)
    classes: int = 2

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.nodes * (self.nodes - 1) // 2,)

    def initial(self, generator: torch.Generator) -> Parameters:
        """Weights (in, out) and biases of two convolutions and the linear layer."""
        sizes = (self.nodes, *self.widths, self.classes)
        parameters = {}
        for layer in range(3):
            inner, outer = sizes[layer], sizes[layer + 1]
            parameters[f"weight{layer}"] = uniform((inner, outer), inner, generator)
            parameters[f"bias{layer}"] = uniform((outer,), inner, generator)
        return parameters

    def adjacency(self, edges: Tensor) -> Tensor:
        """Edge weights (..., N (N - 1) / 2) -> A + I (..., N, N)."""
        rows, columns = torch.triu_indices(self.nodes, self.nodes, offset=1, device=edges.device)
        place = torch.zeros(self.nodes, self.nodes, dtype=torch.long, device=edges.device)
        number = torch.arange(1, len(rows) + 1, device=edges.device)
        place[rows, columns], place[columns, rows] = number, number
        padded = torch.cat([torch.ones_like(edges[..., :1]), edges], dim=-1)  # entry 0 is the diagonal
        return padded[..., place.flatten()].unflatten(-1, (self.nodes, self.nodes))

    def logits(self, parameters: Parameters, x: Tensor, beta: Tensor | None) -> Tensor:
        """(M, B, edges) -> (M, B, K)."""
        adjacency = self.adjacency(x)  # (M, B, N, N)
        root = adjacency.abs().sum(-1).rsqrt()
        normalised = root.unsqueeze(-1) * adjacency * root.unsqueeze(-2)
        z = adjacency
        for layer in range(2):
            weight, bias = parameters[f"weight{layer}"][:, None], parameters[f"bias{layer}"][:, None, None]
            z = activate(normalised @ (z @ weight) + bias, beta)
        pooled = z.mean(-2)  # (M, B, width)
        return torch.baddbmm(parameters["bias2"].unsqueeze(1), pooled, parameters["weight2"])
