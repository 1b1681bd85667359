"""The hierarchical contrastive loss (Yue et al., eq. 1-3 and algorithm 1)."""

from __future__ import annotations

import torch
from torch.nn import functional


def hierarchical_loss(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Mean over the scales of half the instance and half the temporal loss of two views (B, T, R).

    The next scale is the maximum over pairs of time steps. At length 1 the instance loss stands alone.
    """
    total, scales = one.new_zeros(()), 0
    while True:
        total = total + 0.5 * instance_loss(one, other)
        scales += 1
        if one.shape[1] == 1:
            return total / scales
        total = total + 0.5 * temporal_loss(one, other)
        one, other = (functional.max_pool1d(view.transpose(1, 2), 2).transpose(1, 2) for view in (one, other))


def temporal_loss(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """How badly a time step is told from the 2T - 1 other ones of its series in both views (eq. 1)."""
    return _contrast(torch.cat([one, other], dim=1))  # (B, 2T, R)


def instance_loss(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """How badly a series is told from the 2B - 1 other ones at the same time step (eq. 2); 0 for a single series."""
    if len(one) == 1:
        return one.new_zeros(())
    return _contrast(torch.cat([one, other], dim=0).transpose(0, 1))  # (T, 2B, R)


def _contrast(both: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of finding the partner k + n of k among all others, both (G, 2n, R) by inner products."""
    similarity = both @ both.transpose(1, 2)  # (G, 2n, 2n)
    count = both.shape[1]
    own = torch.eye(count, dtype=torch.bool, device=both.device)
    similarity = similarity.masked_fill(own, -torch.inf)
    partner = (torch.arange(count, device=both.device) + count // 2) % count
    return functional.cross_entropy(similarity.flatten(0, 1), partner.repeat(len(both)))
