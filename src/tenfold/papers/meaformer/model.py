"""MEAformer: weights of modalities that differ from entity to entity, read off a transformer's attention.

    L = l(h^J) + K({l(h^m)}) + K({l(hhat^m)}),   K(l_1..l_M) = sum_m exp(-s_m) l_m + s_m

l is the contrastive loss, h^m the encoders' outputs, hhat^m the transformer's, h^J their joint embedding (`fusion`).
Both K share their s_m. With `weights: kg` one trainable vector makes the weights of all entities, with `uniform` they
are 1/M; without the late term and entity-level weights there is no transformer at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.meaformer.aligner import Aligner, Batch
from tenfold.papers.meaformer.fusion import entity_weights, joint_embedding
from tenfold.papers.meaformer.graph_attention import Edges, ReceptiveField
from tenfold.papers.meaformer.losses import UncertaintyWeighting, contrastive_losses
from tenfold.papers.meaformer.modalities import ModalityEncoders
from tenfold.papers.meaformer.settings import Train
from tenfold.papers.meaformer.transformer import CrossModalTransformer


@dataclass(frozen=True, eq=False)
class Representations:
    """What the model makes of n entities."""

    early: torch.Tensor
    """(n, M, d) encoder outputs"""
    late: torch.Tensor | None
    """(n, M, d) transformer outputs"""
    weights: torch.Tensor
    """(n, M), rows of sum 1"""
    attention: torch.Tensor | None
    """(n, H, M, M), queries before keys"""

    @property
    def joint(self) -> torch.Tensor:
        """(n, M d)"""
        return joint_embedding(self.early, self.weights)


class MEAformer(Aligner):
    """The model and its loss, with the switches of its ablations (`settings`)."""

    def __init__(
        self, settings: Train, features: Mapping[str, torch.Tensor], edges: Edges, modalities: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.settings = settings
        self.graph_layers = settings.graph.layers
        self.edges = edges if "graph" in modalities else None
        self.encoders = ModalityEncoders(
            features, modalities, edges.height, settings.dimension, settings.graph.layers, settings.graph.heads
        )
        count = len(self.encoders.modalities)
        block = settings.transformer
        reads_transformer = settings.weights == "entity" or settings.late_loss
        self.transformer = (
            CrossModalTransformer(settings.dimension, block.layers, block.heads, block.inner, block.dropout)
            if reads_transformer
            else None
        )
        self.logits = nn.Parameter(torch.ones(count)) if settings.weights == "kg" else None
        self.uncertainty = UncertaintyWeighting(count)

    @property
    def modalities(self) -> tuple[str, ...]:
        return self.encoders.modalities

    def forward(self, rows: torch.Tensor, field: ReceptiveField | None) -> Representations:
        """Representations of the entities `rows` (n,), whose receptive field is given."""
        early = self.encoders(rows, field)
        late, attention = (None, None) if self.transformer is None else self.transformer(early)
        return Representations(early, late, self._weights(early, attention), attention)

    def _weights(self, early: torch.Tensor, attention: torch.Tensor | None) -> torch.Tensor:
        if self.settings.weights == "entity":
            assert attention is not None
            return entity_weights(attention)
        if self.logits is not None:
            return functional.softmax(self.logits, dim=0).expand(len(early), -1)
        return early.new_full((len(early), early.shape[1]), 1 / early.shape[1])

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """The three terms; replayed negatives enter the joint one only."""
        del generator
        found = self(batch.rows, batch.field)
        size, tau = len(batch.left), self.settings.temperature
        left, right, beside_left, beside_right = batch.split(functional.normalize(found.joint, dim=-1))
        total = contrastive_losses(left, right, tau, beside_left, beside_right).mean()
        confidence = None
        if self.settings.confidence:
            confidence = torch.minimum(found.weights[:size], found.weights[size : 2 * size])  # (B, M)
        if self.settings.intra_loss:
            total = total + self.uncertainty(self._by_modality(found.early, size, confidence))
        if self.settings.late_loss:
            assert found.late is not None
            total = total + self.uncertainty(self._by_modality(found.late, size, confidence))
        return total

    def _by_modality(self, values: torch.Tensor, size: int, confidence: torch.Tensor | None) -> torch.Tensor:
        """Contrastive loss of each modality, (M,), of values (n, M, d); pairs may weigh `confidence` (B, M)."""
        unit = functional.normalize(values[: 2 * size], dim=-1).unbind(dim=1)
        losses = []
        for place, modality in enumerate(unit):
            of_pairs = contrastive_losses(modality[:size], modality[size:], self.settings.temperature)
            losses.append((of_pairs if confidence is None else of_pairs * confidence[:, place]).mean())
        return torch.stack(losses)

    def embed(self, rows: torch.Tensor) -> torch.Tensor:
        """Joint embeddings (n, M d) of length 1."""
        return functional.normalize(self(rows, self.field(rows)).joint, dim=-1)
