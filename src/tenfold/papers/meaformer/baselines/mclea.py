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
"""The same of the left and of the right entities."""
SMALLEST_LOGARITHM = -1e4


def targets(joint: Sides, temperature: float) -> Sides:
    """Logarithms (B, 2B) of the joint embedding's distributions over candidates, one for each direction; no gradient.

    Candidates of a row are the B entities of the other side and the B of its own; itself has probability 0.
    """
    with torch.no_grad():
        left, right = (
            functional.log_softmax(_logits(joint[own], joint[1 - own], temperature), dim=1) for own in (0, 1)
        )
    return left, right


def alignment_loss(target: Sides, modality: Sides, temperature: float) -> torch.Tensor:
    """Mean over all B x 2B entries of p log(p / q), half of each direction, as in the published code.

    p is the target (its logarithm is given), q the distribution of the modality (B, d), rows of length 1.
    """
    total = modality[0].new_zeros(())
    for own in (0, 1):
        found = functional.log_softmax(_logits(modality[own], modality[1 - own], temperature), dim=1)
        # The row's own entry is 0 log 0 on both sides; a finite logarithm keeps it 0, and its gradient.
        p = target[own].exp()
        divergence = functional.kl_div(found.clamp_min(SMALLEST_LOGARITHM), p, reduction="sum")
        total = total + 0.5 * divergence / p.numel()
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
        target = targets(joint, alignment.temperature)
        aligned = torch.stack([alignment_loss(target, side, alignment.temperature) for side in sides])
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
