"""EVA: Liu et al., Visual Pivoting for (Unsupervised) Entity Alignment, AAAI 2021.

A graph convolutional network for the structure, one linear layer for each other modality, weights that all entities
share, and a loss in the manner of neighbourhood components analysis on each modality and on the joint embedding:

    (1/B) sum_i [ log(1 + sum_{j != i} e^{a s_ji}) / a + log(1 + sum_{j != i} e^{a s_ij}) / a - b log(1 + relu(s_ii)) ]
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn import functional

from tenfold.papers.meaformer.aligner import Aligner, Batch
from tenfold.papers.meaformer.baselines.convolution import GraphConvolutions
from tenfold.papers.meaformer.baselines.fusion import SharedWeights, units
from tenfold.papers.meaformer.graph_attention import Edges, ReceptiveField
from tenfold.papers.meaformer.modalities import FeatureEncoders
from tenfold.papers.meaformer.settings import Train


def nca_loss(first: torch.Tensor, second: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """The loss above for partners in the same rows of `first` and `second` (B, d), rows of length 1."""
    scores = first @ second.T
    own = scores.diagonal()
    others = torch.exp(alpha * scores).masked_fill(torch.eye(len(own), dtype=torch.bool, device=own.device), 0.0)
    negatives = torch.log1p(others.sum(0)) + torch.log1p(others.sum(1))
    return (negatives / alpha - beta * torch.log1p(functional.relu(own))).mean()


class EVA(Aligner):
    """The model. `graph.widths` are those of the convolutions, `feature_dimension` that of the other modalities."""

    def __init__(
        self, settings: Train, features: Mapping[str, torch.Tensor], edges: Edges, modalities: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.settings = settings
        width = settings.dimension
        widths = settings.graph.widths or [width] * (settings.graph.layers + 1)
        self.graph = None
        if "graph" in modalities:
            self.edges, self.graph_layers = edges.normalized(), len(widths) - 1
            self.graph = GraphConvolutions(edges.height, widths, transforms=True)
        self.features = FeatureEncoders(features, modalities, settings.feature_dimension or width)
        self.fusion = SharedWeights(modalities)

    def forward(self, rows: torch.Tensor, field: ReceptiveField | None) -> dict[str, torch.Tensor]:
        """Modality -> (n, d_m), rows of length 1."""
        found = self.features(rows)
        if self.graph is not None:
            assert field is not None
            found["graph"] = self.graph(field)
        return units(found)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """The loss of each modality and of the joint embedding, with equal weights."""
        del generator
        unit = self(batch.rows, batch.field)
        joint = functional.normalize(self.fusion(unit), dim=1)
        total = self._nca(joint, batch, self.settings.nca.alpha)
        for name, values in unit.items():
            nca = self.settings.nca
            total = total + self._nca(values, batch, nca.graph_alpha if name == "graph" else nca.alpha)
        return total

    def _nca(self, values: torch.Tensor, batch: Batch, alpha: float) -> torch.Tensor:
        left, right, *_ = batch.split(values)
        return nca_loss(left, right, alpha, self.settings.nca.beta)

    def embed(self, rows: torch.Tensor) -> torch.Tensor:
        """Joint embeddings of length 1."""
        return functional.normalize(self.fusion(self(rows, self.field(rows))), dim=1)
