"""Attacks on explanations that leave the prediction as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from tenfold.papers.r2et.saliency import Score, importance, norm, saliency, scaled

Direction: TypeAlias = Callable[[Tensor], Tensor]
"""Where to go from x (..., B, *shape), shaped as x; only its direction counts."""


def ranking_direction(score: Score, coefficients: Tensor, sample_dimensions: int) -> Direction:
    """ERAttack: down the sum of gaps. `coefficients` (..., B, n) of |I| are those of the clean order."""

    def objective(x: Tensor) -> Tensor:
        return (coefficients * importance(saliency(score, x), sample_dimensions)).sum()

    return lambda x: -torch.func.grad(objective)(x)


def distance_direction(score: Score, clean: Tensor, sample_dimensions: int, offset: float = 1e-2) -> Direction:
    """MSE attack: up ||I(x') - I(x)||_2. `offset` is added to every entry, as in the authors' code: at x' = x the norm
    has no gradient.
    """

    def objective(x: Tensor) -> Tensor:
        return norm(saliency(score, x) - clean + offset, sample_dimensions).sum()

    return torch.func.grad(objective)


def constant_direction(direction: Tensor) -> Direction:
    """The same direction at every step: a random perturbation."""
    return lambda _: direction


@torch.no_grad()
def walk(
    direction: Direction,
    unchanged: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    steps: int,
    step_size: float,
    sample_dimensions: int,
    record: Sequence[int],
    first: Tensor | None = None,
) -> Tensor:
    """Steps of l2 length `step_size`; what was reached after each number of steps in `record`, (len, *x.shape).

    A sample stops where the next step would change its prediction: `unchanged(x')` (..., B) says whether it has not.
    `first` (shaped as x) replaces the first step's direction, for restarts. Coordinates stay within steps * step_size
    of x.
    """
    reached = {0: x}
    current, moving = x, torch.ones(x.shape[: x.ndim - sample_dimensions], dtype=torch.bool, device=x.device)
    low, high = x - steps * step_size, x + steps * step_size
    for step in range(1, steps + 1):
        where = first if step == 1 and first is not None else direction(current)
        length = norm(where, sample_dimensions)
        move = scaled(where, torch.where(length > 0, step_size / length, 0.0))
        ahead = torch.clamp(current + move, low, high)
        moving = moving & unchanged(ahead)
        current = torch.where(moving.reshape(*moving.shape, *[1] * sample_dimensions), ahead, current)
        if step in record:
            reached[step] = current
    return torch.stack([reached[step] for step in record])


def worst_restart(objective: Tensor, reached: Tensor) -> Tensor:
    """Of R restarts the one with the lowest objective (R, ...): reached (R, ..., *shape) -> (..., *shape)."""
    best = objective.argmin(0)
    index = best.reshape(1, *best.shape, *[1] * (reached.ndim - 1 - best.ndim)).expand(1, *reached.shape[1:])
    return reached.gather(0, index)[0]
