"""Weights of modalities, and the joint embedding they make.

    s_m = sum over heads h and queries m' of beta^h[m', m]        attention that modality m receives
    w_m = softmax_m(s_m / sqrt(M H))
    h^J = [w_m * h^m / |h^m|]_m                                   early encoder outputs, side by side

The sum runs over queries. Over keys it would be constant, for rows of beta sum to 1, and all weights would be 1/M.
"""

from __future__ import annotations

import torch
from torch.nn import functional


def entity_weights(beta: torch.Tensor) -> torch.Tensor:
    """Attention (n, H, M, M), queries before keys -> weights (n, M), each row summing to 1."""
    heads, modalities = beta.shape[1], beta.shape[-1]
    received = beta.sum(dim=(1, 2))
    return functional.softmax(received / (modalities * heads) ** 0.5, dim=-1)


def joint_embedding(early: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Early representations (n, M, d) and weights (n, M) or (M,) -> (n, M d), of length sqrt(sum_m w_m^2)."""
    return (functional.normalize(early, dim=-1) * weights[..., None]).flatten(1)
