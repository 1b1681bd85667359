"""What every method is to training and inference: a loss on a batch of links, and embeddings of entities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from tenfold.papers.meaformer.graph_attention import Edges, ReceptiveField


@dataclass(frozen=True, eq=False)
class Batch:
    """Links of a batch, further entities as negatives, and what the graph encoder needs for all of them."""

    left: torch.Tensor
    """(B,) entities of the first graph"""
    right: torch.Tensor
    """(B,) their partners"""
    beside_left: torch.Tensor
    """(K,) replayed negatives for the left entities"""
    beside_right: torch.Tensor
    """(L,) replayed negatives for the right ones"""
    field: ReceptiveField | None

    @property
    def rows(self) -> torch.Tensor:
        """(2B + K + L,) all entities, in the order of the fields above."""
        return torch.cat([self.left, self.right, self.beside_left, self.beside_right])

    def split(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Values of `rows` as four parts."""
        sizes = [len(part) for part in (self.left, self.right, self.beside_left, self.beside_right)]
        return values.split(sizes)


class Aligner(nn.Module):
    """Base of all methods. `edges` (without them: no graph encoder) and `graph_layers` say what a batch must bring."""

    edges: Edges | None = None
    graph_layers: int = 0

    def field(self, rows: torch.Tensor) -> ReceptiveField | None:
        """The receptive field of some entities; None where no graph encoder reads it."""
        return None if self.edges is None else ReceptiveField.of(self.edges, rows, self.graph_layers)

    def batch(
        self,
        left: torch.Tensor,
        right: torch.Tensor,
        beside_left: torch.Tensor | None = None,
        beside_right: torch.Tensor | None = None,
    ) -> Batch:
        """The batch of these links, and of replayed negatives."""
        none = left.new_zeros(0)
        parts = (
            left,
            right,
            none if beside_left is None else beside_left,
            none if beside_right is None else beside_right,
        )
        return Batch(*parts, self.field(torch.cat(parts)))

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Training loss, a scalar. `generator` (on the CPU) serves methods that sample negatives."""
        raise NotImplementedError

    def embed(self, rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (n, D) of length 1 in which the nearest entities of the other graph are looked for."""
        raise NotImplementedError

    def parameter_count(self) -> int:
        """Number of trainable values."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
