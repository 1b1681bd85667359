"""What trained networks make of fresh examples: every test noise patch beside the signal of every class."""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.pruning_init.theory.network import activation


def fresh_scores(weights: Tensor, signals: Tensor, noise: Tensor, levels: Tensor, length: float, power: int) -> Tensor:
    """Scores (K', L, T, K) of class K' for the examples made of T noise patches and K signals, of one pair.

    `weights` (K, m, L, d), unit `signals` (K, d) of the given `length`, unit `noise` (T, d), `levels` (L,).
    """
    on_signal = activation(weights @ (length * signals).T, power).sum(1)  # (K', L, K)
    on_noise = activation((weights @ noise.T) * levels[:, None], power).sum(1)  # (K', L, T)
    return on_noise.unsqueeze(-1) + on_signal.unsqueeze(2)


def predictions(score: Tensor) -> tuple[Tensor, Tensor]:
    """Predicted classes (L, T, K) as bytes, and the mean negative log-likelihood (L,) of the true ones (last axis)."""
    classes = len(score)
    own = torch.arange(classes, device=score.device)
    log_probability = score.log_softmax(0)
    nll = -log_probability[own, ..., own].mean(dim=(0, 2))
    return score.argmax(0).to(torch.uint8), nll


def error_rate(predicted: Tensor) -> Tensor:
    """(...) share of wrong classes among `predicted` (..., T, K), whose last axis is the true class."""
    own = torch.arange(predicted.shape[-1], device=predicted.device, dtype=predicted.dtype)
    return (predicted != own).double().mean(dim=(-2, -1))
