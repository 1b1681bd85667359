"""Gradients of a score with respect to its input, and how important they make each feature.

A score is any function x (..., B, *shape) -> (..., B) that treats samples separately: f_c of a stack of networks, or a
closed form in a test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

Score: TypeAlias = Callable[[Tensor], Tensor]


def saliency(score: Score, x: Tensor) -> Tensor:
    """I(x) = d f_c(x) / d x, shaped as x. Differentiable again."""
    return torch.func.grad(lambda inner: score(inner).sum())(x)


def importance(gradients: Tensor, sample_dimensions: int) -> Tensor:
    """|I| of every feature, (..., n). An image's (C, H, W) has n = H W pixels, each the sum over its channels.

    `sample_dimensions` says how many trailing axes a sample has.
    """
    sizes = gradients.abs()
    if sample_dimensions == 3:
        return sizes.sum(-3).flatten(-2)
    return sizes


def norm(values: Tensor, sample_dimensions: int) -> Tensor:
    """l2 norm over a sample's axes."""
    return values.flatten(-sample_dimensions).norm(dim=-1)


def scaled(x: Tensor, factors: Tensor) -> Tensor:
    """X (..., B, *shape) times one factor (..., B) for each sample."""
    return x * factors.reshape(*factors.shape, *[1] * (x.ndim - factors.ndim))
