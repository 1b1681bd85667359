"""Diagonal Gaussians: states, their divergence, and the layer that makes one."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

RAW_SHIFT = 0.54
"""softplus(0.54) is about 1: a fresh layer starts near a standard Gaussian (as in the code of CW-VAE)."""


class Gaussian(NamedTuple):
    """Mean and standard deviation, both (..., s)."""

    mean: Tensor
    deviation: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Reparametrised: mean + deviation * noise."""
        return self.mean + self.deviation * noise

    def frame(self, t: int) -> Gaussian:
        """(B, T, s) -> (B, s)."""
        return Gaussian(self.mean[:, t], self.deviation[:, t])

    def detach(self) -> Gaussian:
        return Gaussian(self.mean.detach(), self.deviation.detach())


def divergence(q: Gaussian, p: Gaussian) -> Tensor:
    """KL[q || p] in nats, summed over the last axis: (..., s) -> (...)."""
    ratio = q.deviation / p.deviation
    distance = (q.mean - p.mean) / p.deviation
    return 0.5 * (ratio.square() + distance.square() - 1).sum(-1) - ratio.log().sum(-1)


def negative_log_likelihood(error: Tensor, deviation: float, pixels: int) -> Tensor:
    """-log N(o; mean, deviation^2 I) of a frame from its summed squared error."""
    return 0.5 * error / deviation**2 + pixels * (math.log(deviation) + 0.5 * math.log(2 * math.pi))


class GaussianHead(nn.Module):
    """A multilayer perceptron with one hidden layer whose output is a Gaussian."""

    def __init__(self, inputs: int, hidden: int, outputs: int, smallest: float) -> None:
        """`smallest` is added to every standard deviation."""
        super().__init__()
        self.size = outputs
        self.layers = perceptron(inputs, hidden, 2 * outputs)
        self.smallest = smallest

    def forward(self, inputs: Tensor) -> Gaussian:
        mean, raw = self.layers(inputs).chunk(2, -1)
        return Gaussian(mean, functional.softplus(raw + RAW_SHIFT) + self.smallest)


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """One hidden layer of ELU units."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ELU(), nn.Linear(hidden, outputs))
