"""MCLEA: Lin et al., Multi-modal Contrastive Representation Learning for Entity Alignment, COLING 2022.

The encoders of MEAformer (attention on the graph, a linear layer for each other modality), weights that all entities
share, the contrastive loss on each modality and on the joint embedding, and an alignment of each modality with it: the
Kullback-Leibler divergence from the joint embedding's distribution over candidates (no gradient) to the modality's.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn import functional

from tenfold.papers.meaformer.aligner import Aligner, Batch
from tenfold.papers.meaformer.baselines.fusion import SharedWeights, units
from tenfold.papers.meaformer.graph_attention import Edges, GraphEncoder, ReceptiveField
from tenfold.papers.meaformer.losses import UncertaintyWeighting, contrastive_losses
from tenfold.papers.meaformer.modalities import FeatureEncoders
from tenfold.papers.meaformer.settings import Train

Sides = tuple[torch.Tensor, torch.Tensor]


def alignment_loss(joint: Sides, modality: Sides, temperature: float) -> torch.Tensor:
    """Mean over all entries of p log(p / q), half of each direction; p the joint embedding's softmax, q the modality's.

    Sides are (B, d) with rows of length 1. Candidates of a row are the B entities of the other side and the other B - 1
    of its own: 2B entries a row, one of them 0. The mean is over B x 2B entries, as in the published code.
    """
    total = joint[0].new_zeros(())
    for own in (0, 1):
        with torch.no_grad():
            target = functional.log_softmax(_logits(joint[own], joint[1 - own], temperature), dim=1)
        found = functional.log_softmax(_logits(modality[own], modality[1 - own], temperature), dim=1)
        terms = target.exp() * (target - found)
        total = total + 0.5 * terms.masked_fill(torch.isneginf(target), 0.0).mean()
    return total


def _logits(own: torch.Tensor, other: torch.Tensor, temperature: float) -> torch.Tensor:
    itself = torch.eye(len(own), dtype=torch.bool, device=own.device)
    within = (own @ own.T).masked_fill(itself, -torch.inf)
    return torch.cat([own @ other.T, within], dim=1) / temperature


class MCLEA(Aligner):
    """The model."""

    def __init__(
        self, settings: Train, features: Mapping[str, torch.Tensor], edges: Edges, modalities: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.settings = settings
        self.graph = None
        if "graph" in modalities:
            self.edges, self.graph_layers = edges, settings.graph.layers
            self.graph = GraphEncoder(edges.height, settings.dimension, settings.graph.layers, settings.graph.heads)
        self.features = FeatureEncoders(features, modalities, settings.feature_dimension or settings.dimension)
        self.fusion = SharedWeights(modalities)
        self.contrastive_weighting = UncertaintyWeighting(len(modalities))
        self.alignment_weighting = UncertaintyWeighting(len(modalities))

    def forward(self, rows: torch.Tensor, field: ReceptiveField | None) -> dict[str, torch.Tensor]:
        """Modality -> (n, d_m), rows of length 1."""
        found = self.features(rows)
        if self.graph is not None:
            assert field is not None
            found["graph"] = self.graph(field)
        return units(found)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Joint contrastive loss, contrastive losses of modalities, alignment losses of modalities."""
        del generator
        unit = self(batch.rows, batch.field)
        joint = self._sides(functional.normalize(self.fusion(unit), dim=1), batch)
        sides = [self._sides(unit[name], batch) for name in self.fusion.modalities]
        tau, alignment = self.settings.temperature, self.settings.alignment
        contrastive = torch.stack([contrastive_losses(*side, tau).mean() for side in sides])
        aligned = torch.stack([alignment_loss(joint, side, alignment.temperature) for side in sides])
        return (
            contrastive_losses(*joint, tau).mean()
            + self.contrastive_weighting(contrastive)
            + self.alignment_weighting(alignment.zoom * aligned)
        )

    @staticmethod
    def _sides(values: torch.Tensor, batch: Batch) -> Sides:
        left, right, *_ = batch.split(values)
        return left, right

    def embed(self, rows: torch.Tensor) -> torch.Tensor:
        """Joint embeddings of length 1."""
        return functional.normalize(self.fusion(self(rows, self.field(rows))), dim=1)
