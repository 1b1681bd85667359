"""The grid of runs that a job asks for, and the tensors one batch of them starts from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from tenfold.errors import ConfigError
from tenfold.papers.dmf_spe import initial, oracle
from tenfold.papers.dmf_spe.prepare import signal
from tenfold.papers.dmf_spe.settings import Initialization, Train

RELAXATIONS = 10
"""Relaxation times of the slowest mode that a step budget allows for converging: its residual falls to e^-10."""


@dataclass(frozen=True)
class Member:
    """One run of the grid."""

    seed: int
    target: str
    depth: int
    init: Initialization
    scale: float
    rate: float
    """Learning rate as the settings give it, in the settings' unit."""
    sigma: tuple[float, ...] = field(repr=False)
    """Non-zero singular values of the noiseless target, largest first."""
    step_size: float
    """The learning rate itself."""
    budget: int
    """Most steps."""

    @property
    def rank(self) -> int:
        return len(self.sigma)


def members(settings: Train, depth: int, data: Mapping[str, np.ndarray], seeds: Sequence[int]) -> list[Member]:
    """Every run of one depth: seeds x targets x initial values x scales x learning rates, in this order.

    Raises ConfigError for a target that the data set does not have.
    """
    sigma = singular_values(data)
    chosen = settings.targets if settings.targets is not None else list(sigma)
    if unknown := [name for name in chosen if name not in sigma]:
        raise ConfigError(f"targets: unknown target {', '.join(unknown)}; this data set has: {', '.join(sigma)}")
    if len(chosen) > 1 and "target" not in settings.split_by:
        raise ConfigError("split_by: must name target, else the runs of several targets would share one name")
    grid = itertools.product(seeds, chosen, settings.inits, settings.init_scales[depth], settings.learning_rates)
    result = []
    for seed, target, init, scale, rate in grid:
        values = sigma[target]
        step_size = rate * learning_rate_unit(settings, values[0], depth)
        budget = settings.stopping.maximum_steps or _predicted_budget(settings, values, depth, scale, step_size)
        result.append(Member(seed, target, depth, init, scale, rate, values, step_size, budget))
    return result


def singular_values(data: Mapping[str, np.ndarray]) -> dict[str, tuple[float, ...]]:
    """Non-zero singular values of every target of a prepared data set."""
    return {
        str(name): tuple(float(value) for value in row if value > 0)
        for name, row in zip(data["names"], data["singular_values"], strict=True)
    }


def learning_rate_unit(settings: Train, largest: float, depth: int) -> float:
    """What a learning rate of the settings is multiplied with; `largest` is sigma_1."""
    if settings.learning_rate_unit == "absolute":
        return 1.0
    if settings.learning_rate_unit == "critical":
        return oracle.critical_rate(largest, depth)
    return largest ** (2 / depth - 2)


def _predicted_budget(settings: Train, sigma: Sequence[float], depth: int, scale: float, step_size: float) -> int:
    share = settings.counting.escape_share
    time = oracle.flow_time(min(scale**depth, share * sigma[-1]), share * sigma[-1], sigma[-1], depth)
    time += RELAXATIONS / oracle.curvature(sigma[-1], depth)
    return int(np.ceil(settings.stopping.horizon * time / step_size))


@dataclass(frozen=True)
class Batch:
    """Tensors of B runs of one depth, float64."""

    factors: list[Tensor]
    """L tensors (B, d, d)."""
    target: Tensor
    """What the loss compares with, (B, d, d): noise included."""
    signal: Tensor
    """The noiseless complete target, (B, d, d)."""
    mask: Tensor | None
    """Observed entries (B, d, d), or None when all are."""
    sigma: Tensor
    """Singular values of the signal, (B, K), padded with infinity (a mode that never escapes)."""
    rates: Tensor
    """Learning rates (B,)."""
    budget: Tensor
    """Most steps (B,), int64."""

    @property
    def depth(self) -> int:
        """L."""
        return len(self.factors)


def batch(
    runs: Sequence[Member],
    data: Mapping[str, np.ndarray],
    generator: Callable[..., torch.Generator],
    device: torch.device,
) -> Batch:
    """Tensors for runs of one depth. `generator(seed, *purpose)` gives the random generators of the initial values.

    Runs that differ only in scale, learning rate or optimiser start from the same random numbers.
    """
    names, seeds = data["names"].tolist(), data["seeds"].tolist()
    where = [(seeds.index(run.seed), names.index(run.target)) for run in runs]
    s, f = (np.array(index) for index in zip(*where, strict=True))
    left, right = data["left"][s, f], data["right"][s, f]
    factors = torch.stack([_initial(run, u, v, generator) for run, u, v in zip(runs, left, right, strict=True)])
    widest = max(run.rank for run in runs)
    sigma = torch.full((len(runs), widest), torch.inf, dtype=torch.float64)
    for row, run in zip(sigma, runs, strict=True):
        row[: run.rank] = torch.tensor(run.sigma, dtype=torch.float64)
    return Batch(
        factors=[factors[:, level].contiguous().to(device) for level in range(factors.shape[1])],
        target=torch.from_numpy(data["target"][s, f]).to(device),
        signal=torch.from_numpy(signal(left, right, data["singular_values"][f])).to(device),
        mask=torch.from_numpy(data["mask"][s, f]).to(device) if "mask" in data else None,
        sigma=sigma.to(device),
        rates=torch.tensor([run.step_size for run in runs], dtype=torch.float64, device=device),
        budget=torch.tensor([run.budget for run in runs], device=device),
    )


def _initial(run: Member, left: np.ndarray, right: np.ndarray, generator: Callable[..., torch.Generator]) -> Tensor:
    if run.init == "aligned":
        return initial.aligned(torch.from_numpy(left), torch.from_numpy(right), run.depth, run.scale)
    size = left.shape[-1]
    normal = initial.draw_gaussians(run.depth, size, generator(run.seed, "factors", run.target))
    return initial.gaussian(normal, run.scale) if run.init == "gaussian" else initial.orthogonal(normal, run.scale)
