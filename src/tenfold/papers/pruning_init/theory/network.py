"""The two-layer network of the theory (section 3.2 of the card), for a batch of networks at once.

    F_k(W, x) = sum_r act(<w_kr, x_1>) + act(<w_kr, x_2>),   act(z) = max(0, z)^q

Shapes: P pairs of (seed, keep rate), K classes, m filters a class, L noise levels, n examples, N = K + n patches: the K
signals first, then the n noise patches. Filters and patches meet only in pre-activations (P, K, m, L, N).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Fit(NamedTuple):
    """What the network makes of its training examples. The derivative of the loss by a pre-activation is the product
    `residual[:, :, None] * slope`; it is not formed here, because a step can take it in one pass with its own factors.
    """

    loss: Tensor
    """(P, L) mean cross-entropy."""
    residual: Tensor
    """(P, K, L, N) q times the derivative of the loss by the summed activations of a class on a patch."""
    slope: Tensor
    """(P, K, m, L, N) max(0, z)^(q-1), which is 1/q of the activation's derivative; 0 at z = 0, also for the ReLU."""


def activation(z: Tensor, power: int) -> Tensor:
    """max(0, z)^q, by multiplication: the same bits on every machine."""
    return _product(z.clamp_min(0), power)


def _product(values: Tensor, power: int) -> Tensor:
    """`values` to the power `power` >= 1."""
    result = values
    for _ in range(power - 1):
        result = result * values
    return result


def scores(summed: Tensor, one_hot: Tensor) -> Tensor:
    """F (P, K, L, n) of the training examples from summed activations (P, K, L, N); `one_hot` (P, n, K): classes."""
    classes = one_hot.shape[-1]
    return summed[..., :classes] @ one_hot.transpose(1, 2).unsqueeze(1) + summed[..., classes:]


def fit(z: Tensor, one_hot: Tensor, power: int) -> Fit:
    """Loss and its derivatives at the pre-activations `z` (P, K, m, L, N)."""
    rectified = z.clamp_min(0)
    slope = (z > 0).to(z.dtype) if power == 1 else _product(rectified, power - 1)
    log_probability = scores((slope * rectified).sum(2), one_hot).log_softmax(1)  # (P, K, L, n)
    targets = one_hot.transpose(1, 2).unsqueeze(2)  # (P, K, 1, n)
    loss = -(log_probability * targets).sum(1).mean(-1)
    residual = (log_probability.exp() - targets) * (power / targets.shape[-1])
    return Fit(loss, torch.cat([residual @ one_hot.unsqueeze(1), residual], dim=-1), slope)


def training_error(z: Tensor, one_hot: Tensor, power: int) -> Tensor:
    """(P, L) share of examples whose class has not the highest score; a tie goes to the lower class."""
    guess = scores(activation(z, power).sum(2), one_hot).argmax(1)  # (P, L, n)
    return (guess != one_hot.argmax(-1).unsqueeze(1)).to(z.dtype).mean(-1)
