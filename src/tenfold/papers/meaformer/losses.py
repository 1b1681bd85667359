"""Contrastive loss over both graphs, and the weighting of several losses by uncertainty."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

SMALLEST_TEMPERATURE = 0.025
"""Below it exp(-2 / tau) is no number of single precision any more."""


class _Contrastive(torch.autograd.Function):
    """Loss of each pair. Similarities lie in [-1, 1], so exp((s - 1) / tau) needs no maximum and is computed once.

    Written out because autograd would hold and multiply each of the B x B matrices several times: s_12 serves both
    directions here, and the symmetric s_11 and s_22 need one product on the way back instead of two.
    """

    @staticmethod
    def forward(
        ctx: Any, first: torch.Tensor, second: torch.Tensor, left: torch.Tensor, right: torch.Tensor, tau: float
    ) -> torch.Tensor:
        across = _exponentials(first, second, tau)  # (B, B)
        within_first = _exponentials(first, first, tau).fill_diagonal_(0.0)
        within_second = _exponentials(second, second, tau).fill_diagonal_(0.0)
        beside_first, beside_second = _exponentials(first, left, tau), _exponentials(second, right, tau)  # (B, K)
        of_first = across.sum(1) + within_first.sum(1) + beside_first.sum(1)
        of_second = across.sum(0) + within_second.sum(1) + beside_second.sum(1)
        ctx.tau = tau
        ctx.save_for_backward(
            first, second, left, right, across, within_first, within_second, beside_first, beside_second,
            of_first, of_second,
        )  # fmt: skip
        return 0.5 * (of_first.log() + of_second.log()) + (1 - (first * second).sum(1)) / tau

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        first, second, left, right, across, within_first, within_second, beside_first, beside_second, n_1, n_2 = (
            ctx.saved_tensors
        )
        u, v = 0.5 * gradient / (ctx.tau * n_1), 0.5 * gradient / (ctx.tau * n_2)  # (B,)
        d_across = across * (u[:, None] + v[None, :])
        d_across.diagonal().sub_(gradient / ctx.tau)
        d_left, d_right = beside_first * u[:, None], beside_second * v[:, None]
        d_first = torch.addmm(d_across @ second, within_first * (u[:, None] + u[None, :]), first) + d_left @ left
        d_second = torch.addmm(d_across.T @ first, within_second * (v[:, None] + v[None, :]), second) + d_right @ right
        return d_first, d_second, d_left.T @ first, d_right.T @ second, None


def _exponentials(rows: torch.Tensor, columns: torch.Tensor, tau: float) -> torch.Tensor:
    return (rows @ columns.T).sub_(1.0).div_(tau).exp_()


def contrastive_losses(
    first: torch.Tensor,
    second: torch.Tensor,
    tau: float,
    left: torch.Tensor | None = None,
    right: torch.Tensor | None = None,
) -> torch.Tensor:
    """Contrastive loss of each pair (B,): half the sum of the cross entropies of both directions; its mean is the loss.

    `first`, `second` (B, d) have rows of length 1, and row i of one is the partner of row i of the other. Negatives are
    all other entities of the batch, from both graphs; `left` and `right` (K, d) are further ones for the rows of
    `first` and of `second` (hard entity replay). Raises ValueError for a tau that single precision cannot carry.
    """
    if tau < SMALLEST_TEMPERATURE:
        raise ValueError(f"a temperature of {tau} is below {SMALLEST_TEMPERATURE}")
    none = first.new_zeros(0, first.shape[1])
    return _Contrastive.apply(first, second, none if left is None else left, none if right is None else right, tau)


class UncertaintyWeighting(nn.Module):
    """sum_k exp(-s_k) l_k + s_k with one trainable s_k for each loss, 0 at the start (Kendall et al., CVPR 2018)."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.log_variance = nn.Parameter(torch.zeros(count))

    def forward(self, losses: torch.Tensor) -> torch.Tensor:
        """Losses (K,) -> a scalar."""
        return (torch.exp(-self.log_variance) * losses + self.log_variance).sum()
