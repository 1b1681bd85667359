"""Gradient-based balancing as pure functions (section 4 of the card).

Most rules only need the inner products of the task gradients: they take the Gram matrix `gram` (K, K), float64, with
gram[i, j] = g_i . g_j, and return weights (K,) or a matrix C (K, K) whose row k says what task k contributes, (C G)_k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

GOLDEN_STEPS = 80
TINY = 1e-30


def pcgrad(gram: np.ndarray, orders: Sequence[Sequence[int]]) -> np.ndarray:
    """PCGrad (Yu et al. 2020): each gradient without its part against the others, one after the other.

    `orders[k]`: the other tasks in the order in which task k meets them. Returns C (K, K); the merged gradient is the
    sum of the rows of C G.
    """
    coefficients = np.eye(len(gram))
    for own, others in zip(coefficients, orders, strict=True):
        for other in others:
            product = own @ gram[:, other]
            if product < 0:
                own[other] -= product / max(gram[other, other], TINY)
    return coefficients


def gradvac(
    gram: np.ndarray, orders: Sequence[Sequence[int]], targets: np.ndarray, decay: float
) -> tuple[np.ndarray, np.ndarray]:
    """GradVac (Wang et al. 2021): raises cos(g_k', g_j) to a target that follows the cosines seen, rho_kj.

    Returns C (K, K) and the next targets, rho + decay (cos - rho).
    """
    coefficients, following = np.eye(len(gram)), targets.copy()
    norms = np.sqrt(np.maximum(np.diag(gram), TINY))
    for k, others in enumerate(orders):
        own = coefficients[k]
        for j in others:
            length = np.sqrt(max(own @ gram @ own, TINY))
            cosine = float(np.clip(own @ gram[:, j] / (length * norms[j]), -1, 1))
            target = targets[k, j]
            if cosine < target:
                sine_target, sine = np.sqrt(max(1 - target**2, TINY)), np.sqrt(1 - cosine**2)
                own[j] += length * (target * sine - cosine * sine_target) / (norms[j] * sine_target)
            following[k, j] += decay * (cosine - target)
    return coefficients, following


def graddrop(gradients: Tensor, uniform: Tensor) -> Tensor:
    """GradDrop (Chen et al. 2020): of each element only one sign is kept, the positive one where U < P.

    P = (1 + sum_k g^k / sum_k |g^k|) / 2 for `gradients` (K, N); `uniform` (N,) holds U. Returns (K, N).
    """
    positive = 0.5 * (1 + gradients.sum(0) / gradients.abs().sum(0).clamp(min=torch.finfo(gradients.dtype).tiny))
    keep_positive = uniform < positive
    return torch.where(keep_positive, gradients.clamp(min=0), gradients.clamp(max=0))


def mgda(gram: np.ndarray) -> np.ndarray:
    """MGDA (Sener & Koltun 2018): weights (K,) of the shortest vector in the convex hull of the gradients.

    Closed form for two tasks; least squares with non-negative weights for more.
    """
    if len(gram) == 2:
        first, cross, second = gram[0, 0], gram[0, 1], gram[1, 1]
        share = np.clip((second - cross) / max(first - 2 * cross + second, TINY), 0, 1)
        return np.array([share, 1 - share])
    from scipy.optimize import nnls

    # min |R w|^2 + (sum w - 1)^2 over w >= 0, R^T R = gram: along every ray the second term only sets the length, so
    # the direction of the solution is that of the shortest vector.
    eigenvalues, vectors = np.linalg.eigh(gram / max(float(np.trace(gram)), TINY))
    root = np.sqrt(np.maximum(eigenvalues, 0))[:, None] * vectors.T
    found = nnls(np.vstack([root, np.ones(len(gram))]), np.append(np.zeros(len(gram)), 1.0))[0]
    return found / found.sum()


def cagrad(gram: np.ndarray, c: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """CAGrad (Liu et al. 2021): w* on the simplex, and the weights alpha (K,) of the merged gradient sum_k alpha_k g_k.

    w* = argmin g_w . g_0 + c |g_0| |g_w| with g_0 = mean g, g_w = sum w_k g_k; the merged gradient is
    K (g_0 + c |g_0| g_w / |g_w|) / (1 + c^2), whose factor K matches the sum of the losses.
    """
    tasks = len(gram)
    towards = gram.mean(1)
    radius = c * np.sqrt(max(gram.mean(), 0))

    def objective(weights: np.ndarray) -> float:
        return float(weights @ towards + radius * np.sqrt(max(weights @ gram @ weights, 0) + TINY))

    if tasks == 2:
        low, high = _golden_section(lambda share: objective(np.array([share, 1 - share])))
        ends = (0.0, 1.0, (low + high) / 2)
        best = min(ends, key=lambda share: objective(np.array([share, 1 - share])))
        weights = np.array([best, 1 - best])
    else:
        from scipy.optimize import minimize

        scale = max(float(np.abs(gram).max()), TINY)
        found = minimize(  # type: ignore[call-overload]
            lambda w: objective(w) / scale,
            np.full(tasks, 1 / tasks),
            method="SLSQP",
            bounds=[(0, 1)] * tasks,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-12},
        )
        weights = np.clip(found.x, 0, 1)
    length = np.sqrt(max(weights @ gram @ weights, TINY))
    return weights, (1 + tasks * radius * weights / length) / (1 + c**2)


def _golden_section(objective: Callable[[float], float]) -> tuple[float, float]:
    """An interval around the minimum of a convex function on [0, 1]."""
    ratio = (5**0.5 - 1) / 2
    low, high = 0.0, 1.0
    left, right = high - ratio, low + ratio
    at_left, at_right = objective(left), objective(right)
    for _ in range(GOLDEN_STEPS):
        if high - low < 1e-12:
            break
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = objective(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = objective(right)
    return low, high


def imtl_g(gram: np.ndarray) -> np.ndarray:
    """IMTL-G (Liu et al. 2021): weights (K,), summing to 1, whose merged gradient projects equally on every unit g_k.

    alpha_(2..K) = g_1 U^T (D U^T)^-1 with rows D_j = g_1 - g_j, U_j = u_1 - u_j, u = g / |g|. Gradients that point the
    same way leave alpha undetermined; then the weights are equal in effect: of least squares.
    """
    units = gram / np.sqrt(np.maximum(np.diag(gram), TINY))  # g_i . u_j
    first = units[0, 0] - units[0, 1:]
    system = units[0, 0] - units[0, 1:][None, :] - units[1:, 0][:, None] + units[1:, 1:]
    others = np.linalg.lstsq(system.T, first, rcond=None)[0]
    return np.array([1 - others.sum(), *others])
