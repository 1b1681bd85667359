"""Predictors that learn nothing: what every model has to beat."""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.dlh.models.base import Point, VideoModel


class Floor(VideoModel):
    """One frame, held for ever."""

    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:  # noqa: ARG002
        raise TypeError(f"{type(self).__name__} has nothing to learn: it is trained for 0 updates")

    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        return self.frame(context)[None, :, None].expand(1, -1, horizon, -1, -1, -1)

    def frame(self, context: Tensor) -> Tensor:
        """(B, T, H, W, C) -> (B, H, W, C)."""
        raise NotImplementedError


class CopyLast(Floor):
    """The last frame of the context."""

    def frame(self, context: Tensor) -> Tensor:
        return context[:, -1]


class MeanFrame(Floor):
    """The mean of the frames of the context."""

    def frame(self, context: Tensor) -> Tensor:
        return context.mean(1)


class Black(Floor):
    """Nothing: what a structural similarity over dark backgrounds already rewards."""

    def frame(self, context: Tensor) -> Tensor:
        return torch.zeros_like(context[:, 0])
