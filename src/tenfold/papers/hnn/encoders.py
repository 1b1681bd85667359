"""What every method offers: embeddings of nodes, and where it has them of hyperedges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.sparse import SparseMatrix


class Multiplicand(Protocol):
    """Something that stands on the left of a weight matrix: dense or sparse features, or their means."""

    def __matmul__(self, weight: torch.Tensor, /) -> torch.Tensor: ...


Features = torch.Tensor | SparseMatrix
"""Node features X (N, F)."""


@dataclass(frozen=True)
class Embeddings:
    """Z (N, d) and Y (M, d); Y is None for methods without hyperedge embeddings, or where it was not asked for."""

    nodes: torch.Tensor
    edges: torch.Tensor | None = None


class Encoder(nn.Module):
    """Base of all methods. `width` is the size of a node embedding."""

    width: int
    dropout: float

    def forward(self, features: Features, graph: Operators, with_edges: bool = False) -> Embeddings:
        """Embeddings of the nodes of `graph`; `with_edges` asks for those of its hyperedges as well."""
        raise NotImplementedError

    def dropped(self, layer: int, signal: Features) -> Features:
        """Dropout before each layer from the second on."""
        if layer == 0 or isinstance(signal, SparseMatrix):
            return signal
        return torch.nn.functional.dropout(signal, self.dropout, self.training)


def glorot(inputs: int, outputs: int) -> nn.Parameter:
    """A weight (inputs, outputs) with Glorot's uniform initial values."""
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs, outputs)))
