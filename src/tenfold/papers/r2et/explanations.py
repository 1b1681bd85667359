"""Explanations beside the gradient: SmoothGrad and Integrated Gradients, for the class predicted at the clean input."""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.r2et.networks.stack import ProbabilityOf
from tenfold.papers.r2et.saliency import saliency


def smooth_gradient(score: ProbabilityOf, x: Tensor, noise: Tensor) -> Tensor:
    """SmoothGrad: the mean of I(x + noise) over R draws (Smilkov et al. 2017).

    Inputs (M, B, *shape), noise (M, R, *shape).
    """
    return _mean_gradient(score, x.unsqueeze(2) + noise.unsqueeze(1))


def integrated_gradients(score: ProbabilityOf, x: Tensor, baseline: Tensor, points: int) -> Tensor:
    """Integrated Gradients (Sundararajan et al. 2017): (x - baseline) times the mean of I on the way, at midpoints.

    Inputs (M, B, *shape), baseline (M, *shape).
    """
    way = (x - baseline.unsqueeze(1)).unsqueeze(2)
    times = ((torch.arange(points) + 0.5) / points).to(x).reshape(1, 1, -1, *[1] * (x.ndim - 2))
    return way.squeeze(2) * _mean_gradient(score, baseline[:, None, None] + times * way)


def _mean_gradient(score: ProbabilityOf, points: Tensor) -> Tensor:
    """Mean of I over the third axis of points (M, B, R, *shape)."""
    samples, draws = points.shape[1:3]
    found = saliency(score.repeated(draws), points.flatten(1, 2))
    return found.unflatten(1, (samples, draws)).mean(2)
