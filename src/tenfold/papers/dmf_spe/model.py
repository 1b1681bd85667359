"""Deep matrix factorization: product, loss, gradient and Hessian-vector product, for batches of runs.

A run is a list of factors `W_1 .. W_L`; each is a tensor (B, rows, columns) with the run first, `W_1: (B, h, n)`,
`W_l: (B, h, h)`, `W_L: (B, m, h)`. A missing batch dimension is fine too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

Factors = Sequence[Tensor]


def product(factors: Factors) -> Tensor:
    """`P = W_L ... W_1`, (B, m, n)."""
    return reduce(lambda below, factor: factor @ below, factors)


def loss(factors: Factors, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """`1/2 ||mask * (P - M)||_F^2` for each run, (B,)."""
    return _residual(product(factors), target, mask).square().sum((-2, -1)) / 2


def gradient(factors: Factors, target: Tensor, mask: Tensor | None = None) -> list[Tensor]:
    """`dF/dW_l = (W_L .. W_(l+1))^T (mask * (P - M)) (W_(l-1) .. W_1)^T` for every factor."""
    below = _products_below(factors)
    above = _residual(factors[-1] @ below[-1] if below else factors[0], target, mask)
    gradients = []
    for level in range(len(factors) - 1, 0, -1):
        gradients.append(above @ below[level - 1].mT)
        above = factors[level].mT @ above
    return [above, *reversed(gradients)]


def hessian_vector_product(
    factors: Factors, direction: Factors, target: Tensor, mask: Tensor | None = None
) -> list[Tensor]:
    """Derivative of the gradient along `direction`, one tensor per factor: the Hessian times a vector, exactly."""
    below = _products_below(factors)  # S_l = W_l .. W_1
    below_change: list[Tensor] = []  # their derivatives along the direction
    for level in range(len(factors) - 1):
        change = direction[level] if level == 0 else direction[level] @ below[level - 1]
        below_change.append(change if level == 0 else change + factors[level] @ below_change[-1])
    if below:
        above = _residual(factors[-1] @ below[-1], target, mask)
        above_change = direction[-1] @ below[-1] + factors[-1] @ below_change[-1]
    else:
        above, above_change = _residual(factors[0], target, mask), direction[0]
    if mask is not None:
        above_change = above_change * mask

    products = []
    for level in range(len(factors) - 1, 0, -1):
        products.append(above_change @ below[level - 1].mT + above @ below_change[level - 1].mT)
        above_change = direction[level].mT @ above + factors[level].mT @ above_change
        above = factors[level].mT @ above
    return [above_change, *reversed(products)]


def effective_rank(singular_values: Tensor) -> Tensor:
    """`exp(entropy(s / sum s))` over the last dimension (Roy and Vetterli 2007); NaN where all are zero."""
    share = singular_values / singular_values.sum(-1, keepdim=True)
    return torch.special.entr(share).sum(-1).exp()


def stable_rank(singular_values: Tensor) -> Tensor:
    """`sum s^2 / s_1^2` over the last dimension."""
    squares = singular_values.square()
    return squares.sum(-1) / squares.amax(-1)


def _products_below(factors: Factors) -> list[Tensor]:
    """`[W_1, W_2 W_1, ..., W_(L-1) .. W_1]`."""
    below: list[Tensor] = []
    for factor in factors[:-1]:
        below.append(factor @ below[-1] if below else factor)
    return below


def _residual(outcome: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
    residual = outcome - target
    return residual if mask is None else residual * mask
