"""What every method offers: embeddings of nodes, and where it has them of hyperedges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from tenfold.papers.hnn.operators import HyperedgeRows, Operators
from tenfold.papers.hnn.sparse import SparseMatrix
from tenfold.training.dropout import Dropout


class Multiplicand(Protocol):
    """Something that stands on the left of a weight matrix: dense or sparse features, or their means."""

    def __matmul__(self, weight: torch.Tensor, /) -> torch.Tensor: ...


Features = torch.Tensor | SparseMatrix
"""Node features X (N, F)."""


@dataclass(frozen=True)
class Embeddings:
    """Z (N, d) and Y (M, d), or of fewer hyperedges; None for methods without, or where none is wanted."""

    nodes: torch.Tensor
    edges: torch.Tensor | None = None


class Encoder(nn.Module):
    """Base of all methods. `width` is the size of a node embedding."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.dropout = Dropout(dropout)

    def forward(self, features: Features, graph: Operators, wanted: HyperedgeRows | None = None) -> Embeddings:
        """Embeddings of the nodes of `graph`, and of the wanted hyperedges (`graph.every_hyperedge`: of all)."""
        raise NotImplementedError

    def input_weights(self) -> list[nn.Parameter]:
        """The weights that multiply the features; only they decay (`fitting.py` says why)."""
        raise NotImplementedError

    def dropped(self, layer: int, signal: Features) -> Features:
        """Dropout before each layer from the second on."""
        return signal if layer == 0 or isinstance(signal, SparseMatrix) else self.dropout(signal)


def glorot(inputs: int, outputs: int) -> nn.Parameter:
    """A weight (inputs, outputs) with Glorot's uniform initial values."""
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(inputs, outputs)))
