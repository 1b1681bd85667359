"""The modalities of an entity: their names, their order, and the features that describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import nn

from tenfold.papers.meaformer.graph_attention import GraphEncoder, ReceptiveField

Modality = Literal["graph", "relation", "attribute", "vision", "name", "char"]
MODALITIES: tuple[Modality, ...] = ("graph", "relation", "attribute", "vision", "name", "char")
SURFACE: tuple[Modality, ...] = ("name", "char")
"""Modalities that read an entity's name."""


class FeatureEncoders(nn.Module):
    """h^m = W_m x^m + b_m for every modality with features. The features are not part of the module's state."""

    def __init__(self, features: Mapping[str, torch.Tensor], modalities: Sequence[str], width: int) -> None:
        super().__init__()
        self._features = {name: features[name] for name in modalities if name != "graph"}
        self.linear = nn.ModuleDict({name: nn.Linear(x.shape[1], width) for name, x in self._features.items()})

    def forward(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Modality -> (n, d) for the entities `rows` (n,)."""
        return {name: self.linear[name](x[rows]) for name, x in self._features.items()}


class ModalityEncoders(nn.Module):
    """All encoders of MEAformer; tokens come in the order of `modalities`, whatever a caller's order was."""

    def __init__(
        self,
        features: Mapping[str, torch.Tensor],
        modalities: Sequence[str],
        nodes: int,
        width: int,
        graph_layers: int,
        graph_heads: int,
    ) -> None:
        super().__init__()
        self.modalities = tuple(name for name in MODALITIES if name in modalities)
        self.graph = GraphEncoder(nodes, width, graph_layers, graph_heads) if "graph" in modalities else None
        self.features = FeatureEncoders(features, self.modalities, width)

    def forward(self, rows: torch.Tensor, field: ReceptiveField | None) -> torch.Tensor:
        """Early representations (n, M, d) of the entities `rows` (n,), whose receptive field is given."""
        found = self.features(rows)
        if self.graph is not None:
            assert field is not None
            found["graph"] = self.graph(field)
        return torch.stack([found[name] for name in self.modalities], dim=1)
