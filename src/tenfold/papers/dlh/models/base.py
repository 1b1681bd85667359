"""What training and evaluation ask of every model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Frame(NamedTuple):
    """Size of a frame. Videos are (B, T, height, width, channels), float32 in [0, 1]."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Point:
    """Where training stands: what the schedules (`schedule.py`) say at one update."""

    update: int
    """From 1."""
    updates: int
    """How many there will be."""
    deviation: float
    """Standard deviation of the Gaussian likelihood of a pixel."""
    divergence: float
    """Weight of all KL terms and of the cross-entropy of e."""
    margin: float
    """Nats by which the change prior must win the selection of e."""


@dataclass(frozen=True)
class Events:
    """What the posterior says about when which level changes. N levels, the fast one first."""

    changed: Tensor
    """(B, T, N) bool: the effective e; level 1 always changes, frame 1 changes all levels."""
    examined: Tensor
    """(B, T, N) bool: levels at which e was decided; the others were frozen."""
    probability: Tensor
    """(B, T, N) the model's own probability of a change given the past; NaN where it has none."""
    divergence: Tensor
    """(B, T, N) nats paid for the states and for e; 0 where frozen."""
    means: list[Tensor]
    """Of each level (B, T, s_n): posterior means."""


class VideoModel(nn.Module, ABC):
    """A model of videos. All randomness comes from the generators that are passed (on the CPU, whatever the device)."""

    @abstractmethod
    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:
        """Scalars by name for a batch (B, T, H, W, C): `loss` is minimised, the others are logged.

        Logged parts are per frame, means over the batch; `error` is the summed squared error of a reconstructed (or
        predicted) frame.
        """

    @abstractmethod
    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:
        """`samples` futures (K, B, horizon, H, W, C) of a context (B, T, H, W, C), open loop.

        Deterministic models return K = 1, whatever `samples` is.
        """

    def posterior_events(self, video: Tensor, generator: torch.Generator) -> Events | None:  # noqa: ARG002
        """When the levels change in a video (B, T, H, W, C); None for models without levels."""
        return None


def noise(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard Gaussian numbers on the device of `like`, the same whatever that device is."""
    return torch.randn(shape, generator=generator).to(like)
