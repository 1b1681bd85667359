"""Two synthetic problems with two tasks and closed-form gradients.

Toy-A is the landscape of CAGrad (Liu et al. 2021) and Nash-MTL, Toy-B a quadratic with gradient noise, ours. The
paper's own synthetic problem could not be recovered.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

STARTS = ((-8.5, 7.5), (0.0, 0.0), (9.0, 9.0), (-7.5, -0.5), (9.0, -1.0))
FLOOR = 5e-6
PARETO_ROW = -8.2
"""x2 of Toy-A's Pareto set, roughly; x1 runs from -7 to 7."""


def landscape(points: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    """Toy-A's losses (2, ...) at `points` (..., 2); task 1 is multiplied by `scale` (broadcast against ...)."""
    first, second = points[..., 0], points[..., 1]
    upper, lower = torch.tanh(second / 2).clamp(min=0), torch.tanh(-second / 2).clamp(min=0)
    bend = torch.tanh(-second)
    log_1 = (0.5 * (-first - 7) - bend).abs().clamp(min=FLOOR).log() + 6
    log_2 = (0.5 * (-first + 3) + bend + 2).abs().clamp(min=FLOOR).log() + 6
    bowl_1 = ((7 - first) ** 2 + 0.1 * (second + 8) ** 2) / 10 - 20
    bowl_2 = ((first + 7) ** 2 + 0.1 * (second + 8) ** 2) / 10 - 20
    return torch.stack([scale * (log_1 * upper + bowl_1 * lower), log_2 * upper + bowl_2 * lower])


def landscape_gradients(points: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    """Gradients (2, ..., 2) of `landscape`, in closed form: ten times as fast as two backward passes.

    On the kink x2 = 0 both one-sided slopes pass, as automatic differentiation of `clamp` has it.
    """
    first, second = points[..., 0], points[..., 1]
    half, bend = torch.tanh(second / 2), torch.tanh(second)
    upper, lower = half.clamp(min=0), (-half).clamp(min=0)
    slope = 0.5 * (1 - half * half)
    d_upper, d_lower = slope * (second >= 0), -slope * (second <= 0)
    d_bend = 1 - bend * bend
    valley_1, valley_2 = 0.5 * (-first - 7) + bend, 0.5 * (-first + 3) - bend + 2
    inside_1, inside_2 = valley_1.abs() >= FLOOR, valley_2.abs() >= FLOOR
    log_1, log_2 = valley_1.abs().clamp(min=FLOOR).log() + 6, valley_2.abs().clamp(min=FLOOR).log() + 6
    inverse_1 = torch.where(inside_1, 1 / valley_1, 0.0)
    inverse_2 = torch.where(inside_2, 1 / valley_2, 0.0)
    depth = 0.1 * (second + 8) ** 2
    bowl_1, bowl_2 = ((7 - first) ** 2 + depth) / 10 - 20, ((first + 7) ** 2 + depth) / 10 - 20
    d_depth = 0.02 * (second + 8)
    task_1 = torch.stack(
        [
            -0.5 * inverse_1 * upper - 0.2 * (7 - first) * lower,
            d_bend * inverse_1 * upper + log_1 * d_upper + d_depth * lower + bowl_1 * d_lower,
        ],
        -1,
    )
    task_2 = torch.stack(
        [
            -0.5 * inverse_2 * upper + 0.2 * (first + 7) * lower,
            -d_bend * inverse_2 * upper + log_2 * d_upper + d_depth * lower + bowl_2 * d_lower,
        ],
        -1,
    )
    factor = scale.unsqueeze(-1) if isinstance(scale, Tensor) else scale
    return torch.stack([factor * task_1, task_2])


def pareto_gap(losses: np.ndarray) -> np.ndarray:
    """By how much both losses (2, ...) (unscaled) can be lowered at once by moving to the Pareto set; 0 on it."""
    row = torch.linspace(-7, 7, 1401, dtype=torch.float64)
    front = landscape(torch.stack([row, torch.full_like(row, PARETO_ROW)], -1)).numpy()  # (2, P)
    gains = (losses[..., None] - front.reshape(2, *[1] * (losses.ndim - 1), -1)).min(0)
    return np.maximum(gains.max(-1), 0.0)


def quadratic_gradients(points: Tensor, curvature: Tensor, noise: Tensor) -> Tensor:
    """Toy-B: gradients (2, ...) of L1 = a (x - 1)^2 / 2 and L2 = b (x + 1)^2 / 2 with noise of deviation a and b.

    `points` (..., chains); `curvature` (2, ...) holds a and b, without the axis of chains; `noise` (2, ..., chains) is
    standard normal.
    """
    optimum = torch.tensor([1.0, -1.0], dtype=points.dtype).view(2, *[1] * points.ndim)
    return curvature.unsqueeze(-1) * (points - optimum + noise)


def quadratic_optimum(a: float, b: float) -> float:
    """Minimum of Toy-B's L1 + L2."""
    return (a - b) / (a + b)
