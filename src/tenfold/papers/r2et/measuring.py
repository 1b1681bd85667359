"""What is measured of trained stacks: quality, P@k under attacks, thickness, other explanations, faithfulness.

Every model of a stack is measured on the samples of its own seed, and all methods on the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.r2et.attack import constant_direction, distance_direction, ranking_direction, walk, worst_restart
from tenfold.papers.r2et.networks.stack import ProbabilityOf, Stack
from tenfold.papers.r2et.ranking import all_pairs_coefficients, precision_at_k
from tenfold.papers.r2et.saliency import importance, norm, saliency
from tenfold.papers.r2et.settings import Attack, Thickness
from tenfold.papers.r2et.study import for_models
from tenfold.papers.r2et.thickness import ball, midpoints, ordered_share, points_on_paths

MOST_SCORED = 4096
"""Samples scored at once."""


@dataclass(frozen=True, eq=False)
class Explained:
    """Samples x (M, B, *shape) with the class that each model predicts, and what it says of the features."""

    stack: Stack
    x: Tensor
    classes: Tensor
    gradients: Tensor
    sizes: Tensor
    """Importances (M, B, n)"""
    k: int

    @classmethod
    @torch.no_grad()
    def at(cls, stack: Stack, x: Tensor, k: int) -> Explained:
        """Explain the predictions at x."""
        classes = stack.predict(x)
        gradients = saliency(stack.probability_of(classes), x)
        return cls(stack, x, classes, gradients, importance(gradients, x.ndim - 2), k)

    @property
    def dimensions(self) -> int:
        return self.x.ndim - 2

    @property
    def score(self) -> ProbabilityOf:
        return self.stack.probability_of(self.classes)

    @torch.no_grad()
    def sizes_at(self, x: Tensor) -> Tensor:
        """Importances (M, B, n) at other inputs, for the classes predicted at the clean ones."""
        return importance(saliency(self.score, x), self.dimensions)

    def unchanged(self, x: Tensor) -> Tensor:
        """Whether the true network still predicts the same, (M, B)."""
        return self.stack.predict(x) == self.classes

    def soft_score(self, attack: Attack) -> ProbabilityOf:
        """f_c of the network whose gradient attacks use: softplus for ReLU, whose own second derivatives are 0."""
        return self.stack.softened(attack.surrogate_beta).probability_of(self.classes)


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attack reached after R numbers of steps."""

    points: Tensor
    """(R, M, B, *shape)"""
    precision: Tensor
    """P@k (R, M, B)"""
    distance: Tensor
    """||I(x') - I(x)||_2 (R, M, B)"""
    unchanged: Tensor
    """Whether the prediction is the clean one (R, M, B)"""


def attack(kind: str, at: Explained, settings: Attack, generator: Callable[[str], Tensor]) -> Attacked:
    """`ranking` (ERAttack), `ranking-raw` (the same without surrogate), `distance` (MSE attack), or `random`.

    `generator(purpose)` gives Gaussian numbers shaped as one restart's samples (M, B, *shape).
    """
    record = [settings.every * number for number in range(settings.steps // settings.every + 1)]

    def walked(direction: Callable[[Tensor], Tensor], first: Tensor | None = None) -> Tensor:
        return walk(
            direction, at.unchanged, at.x,
            steps=settings.steps, step_size=settings.step_size, sample_dimensions=at.dimensions,
            record=record, first=first,
        )  # fmt: skip

    if kind == "random":
        return _measured(at, walked(constant_direction(generator("random direction"))))
    soft = at.soft_score(settings)
    if kind == "distance":
        with torch.no_grad():
            clean = saliency(soft, at.x)
        return _measured(at, walked(distance_direction(soft, clean, at.dimensions)))
    score = at.score if kind == "ranking-raw" else soft
    coefficients = all_pairs_coefficients(at.sizes, at.k)
    direction = ranking_direction(score, coefficients, at.dimensions)
    if settings.restarts == 1 or kind == "ranking-raw":
        return _measured(at, walked(direction))
    tries = torch.stack(
        [walked(direction, generator(f"restart {number}") if number else None) for number in range(settings.restarts)]
    )
    objectives = torch.stack([torch.stack([(coefficients * at.sizes_at(x)).sum(-1) for x in one]) for one in tries])
    return _measured(at, worst_restart(objectives, tries))


@torch.no_grad()
def _measured(at: Explained, points: Tensor) -> Attacked:
    precision, distance, unchanged = [], [], []
    for x in points:  # R is small, and one at a time bounds memory
        gradients = saliency(at.score, x)
        precision.append(precision_at_k(at.sizes, importance(gradients, at.dimensions), at.k))
        distance.append(norm(gradients - at.gradients, at.dimensions))
        unchanged.append(at.unchanged(x))
    return Attacked(points, torch.stack(precision), torch.stack(distance), torch.stack(unchanged))


@torch.no_grad()
def thickness(at: Explained, ends: Tensor, grid: int) -> Tensor:
    """Top-k ranking thickness (M, B) over straight paths from x to `ends` (M, B, P, *shape)."""
    found = []
    for chosen, points in points_on_paths(at.x, ends, midpoints(grid)):
        classes = at.classes[:, chosen]
        inner = points.shape[2] * points.shape[3]
        score = ProbabilityOf(at.stack, classes).repeated(inner)
        flat = points.flatten(1, 3)
        sizes = importance(saliency(score, flat), at.dimensions).unflatten(1, (classes.shape[1], inner))
        found.append(ordered_share(at.sizes[:, chosen, None], sizes, at.k).mean(-1))
    return torch.cat(found, dim=1)


def ball_ends(x: Tensor, settings: Thickness, generators: list[torch.Generator]) -> Tensor:
    """Ends of paths (M, B, P, *shape), uniform in the ball around each sample; one generator for each model."""
    offsets = [ball(x.shape[1] * settings.paths, x.shape[2:], settings.radius, one) for one in generators]
    around = torch.stack(offsets).to(x).unflatten(1, (x.shape[1], settings.paths))
    return x.unsqueeze(2) + around


@torch.no_grad()
def probabilities(stack: Stack, x: Tensor, candidates: int) -> np.ndarray:
    """(M, N, K) of the seeds' samples x (S, N, *shape), in pieces; the stack has `candidates` models for each seed."""
    pieces = x.split(max(1, MOST_SCORED // stack.models), dim=1)
    return torch.cat([stack.probabilities(for_models(piece, candidates)) for piece in pieces], dim=1).cpu().numpy()
