"""Initial factors."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_gaussians(depth: int, size: int, generator: torch.Generator) -> Tensor:
    """Standard normal numbers (L, d, d) that the random initial values are made from."""
    return torch.randn(depth, size, size, generator=generator, dtype=torch.float64)


def gaussian(normal: Tensor, scale: float) -> Tensor:
    """`alpha N(0, 1/d)` in every entry of every factor, (L, d, d)."""
    return normal * (scale / normal.shape[-1] ** 0.5)


def orthogonal(normal: Tensor, scale: float) -> Tensor:
    """Independent Haar-distributed orthogonal factors times alpha, (L, d, d): balanced, but not aligned."""
    q, r = torch.linalg.qr(normal)
    return scale * q * torch.diagonal(r, dim1=-2, dim2=-1).sign().unsqueeze(-2)


def aligned(left: Tensor, right: Tensor, depth: int, scale: float) -> Tensor:
    """Balanced factors in the target's singular bases: `W_1 = a V^T`, `W_l = a I`, `W_L = a U`; one factor: `a U V^T`.

    The product is `a^L U V^T`, so every singular value evolves on its own (equation of `oracle.recursion`). `left` and
    `right` are the complete bases U and V, (d, d). Returns (L, d, d).
    """
    if depth == 1:
        return scale * (left @ right.mT).unsqueeze(0)
    middle = torch.eye(left.shape[-1], dtype=left.dtype).expand(depth - 2, -1, -1)
    return scale * torch.cat([right.mT.unsqueeze(0), middle, left.unsqueeze(0)])
