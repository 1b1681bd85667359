"""Hessians of the loss over all factors: dense spectra for small matrices, the smallest eigenvalue for larger ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.dmf_spe import model
from tenfold.papers.dmf_spe.model import Factors

LANCZOS_TOLERANCE = 1e-6
"""Accuracy of the smallest eigenvalue, relative to the largest."""


def flatten(factors: Factors) -> Tensor:
    """One vector (N,) of all factors of one run, W_1 first, row by row."""
    return torch.cat([factor.reshape(-1) for factor in factors])


def unflatten(vector: Tensor, like: Factors) -> list[Tensor]:
    """Inverse of `flatten`, with the shapes of `like`."""
    parts = vector.split([factor.numel() for factor in like])
    return [part.view(factor.shape) for part, factor in zip(parts, like, strict=True)]


def dense(factors: Factors, target: Tensor) -> Tensor:
    """Hessian (N, N) of `1/2 ||W_L .. W_1 - M||^2` at one run's factors, by automatic differentiation."""

    def flat_loss(vector: Tensor) -> Tensor:
        return model.loss(unflatten(vector, factors), target)

    hessian: Tensor = torch.func.hessian(flat_loss)(flatten(factors))
    return hessian


def spectrum(factors: Factors, target: Tensor) -> np.ndarray:
    """All eigenvalues (N,) of the dense Hessian, smallest first."""
    return torch.linalg.eigvalsh(dense(factors, target)).cpu().numpy()


def smallest_eigenvalue(
    factors: Factors, target: Tensor, generator: torch.Generator, mask: Tensor | None = None
) -> float:
    """Smallest Hessian eigenvalue at one run's factors, by Lanczos iterations on Hessian-vector products.

    Accurate to `LANCZOS_TOLERANCE` times the largest eigenvalue: the spectrum is shifted below zero, so that the
    iteration's stopping test is relative to the whole spectrum and not to the wanted eigenvalue, which is often nearly
    zero and one of many (the symmetries of the factorization). `generator` draws the start vector.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    parts = [factor.cpu() for factor in factors]
    goal, seen = target.cpu(), None if mask is None else mask.cpu()
    count = sum(part.numel() for part in parts)
    # roughly the largest eigenvalue: one part from the curvature of the product, one from the residual
    largest = max(float(torch.linalg.matrix_norm(part, 2)) for part in parts)
    residual = float(torch.linalg.matrix_norm(model.product(parts) - goal))
    depth = len(parts)
    shift = depth * largest ** (2 * depth - 2) + depth * residual * largest ** max(depth - 2, 0)

    def shifted(vector: np.ndarray) -> np.ndarray:
        direction = unflatten(torch.from_numpy(np.ascontiguousarray(vector.reshape(-1))), parts)
        result = flatten(model.hessian_vector_product(parts, direction, goal, seen))
        return result.numpy() - shift * vector.reshape(-1)

    start = torch.randn(count, dtype=torch.float64, generator=generator).numpy()
    operator = LinearOperator((count, count), matvec=shifted, dtype=np.float64)
    value = eigsh(
        operator, k=1, which="SA", v0=start, tol=LANCZOS_TOLERANCE, maxiter=50 * count, return_eigenvectors=False
    )
    return float(value[0]) + shift


def critical_point(
    sigma: Sequence[float],
    left: Tensor,
    right: Tensor,
    learned: Sequence[int],
    width: int,
    depth: int,
    generator: torch.Generator,
    unlearned_scale: float = 0.0,
) -> list[Tensor]:
    """Balanced factors that have learned the singular triples `learned`.

    All other directions have factor scale `unlearned_scale`; with 0 this is an exact critical point. `left` (m, m) and
    `right` (n, n) are complete singular bases, `width` is the hidden width h, at least the number of learned triples.
    Hidden bases are random orthogonal matrices.
    """
    bases = [right, *(_random_orthogonal(width, generator) for _ in range(depth - 1)), left]
    order = [*learned, *(i for i in range(min(left.shape[-1], right.shape[-1])) if i not in learned)]
    factors = []
    for level in range(depth):
        source, goal = bases[level], bases[level + 1]
        source = source[:, order] if level == 0 else source
        goal = goal[:, order] if level == depth - 1 else goal
        scales = torch.full((min(source.shape[1], goal.shape[1]),), unlearned_scale, dtype=torch.float64)
        scales[: len(learned)] = torch.tensor([sigma[i] ** (1 / depth) for i in learned], dtype=torch.float64)
        factors.append((goal[:, : len(scales)] * scales) @ source[:, : len(scales)].mT)
    return factors


def _random_orthogonal(size: int, generator: torch.Generator) -> Tensor:
    q, r = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=generator))
    return q * torch.diagonal(r).sign()


def count_negative(eigenvalues: np.ndarray, threshold: float) -> int:
    """Eigenvalues below `-threshold`."""
    if not math.isfinite(float(np.sum(eigenvalues))):
        raise ValueError("eigenvalues must be finite numbers")
    return int((eigenvalues < -threshold).sum())
