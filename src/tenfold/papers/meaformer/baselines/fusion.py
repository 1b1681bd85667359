"""Embeddings of modalities of different widths, joined with one weight for each that all entities share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional


class SharedWeights(nn.Module):
    """h^J = concat_m softmax(w)_m h^m / |h^m| with a trainable w, 1 at the start (EVA, MCLEA)."""

    def __init__(self, modalities: Sequence[str]) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        self.logits = nn.Parameter(torch.ones(len(self.modalities)))

    def forward(self, unit: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Modality -> (n, d_m), rows of length 1; returns (n, sum of d_m)."""
        weights = functional.softmax(self.logits, dim=0)
        return torch.cat([weight * unit[name] for name, weight in zip(self.modalities, weights, strict=True)], dim=1)


def units(values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same with rows of length 1."""
    return {name: functional.normalize(value, dim=1) for name, value in values.items()}
