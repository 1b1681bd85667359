"""What each level stands for (Fig. 5): samples and roll-outs of one level while the others stay as they are."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.dlh.fitting import as_input
from tenfold.papers.dlh.models.base import VideoModel, noise
from tenfold.papers.dlh.models.dlh import DynamicLatentHierarchy
from tenfold.papers.dlh.models.rollout import State, states_after
from tenfold.papers.dlh.settings import Measuring
from tenfold.training.run import Run

DRAWS = 8
"""Samples of each level that are shown."""


def inspected(run: Run, measuring: Measuring, model: VideoModel, seed: int) -> dict[str, np.ndarray]:
    """`levels/sampled` (N, draws, H, W, C) and `levels/rolled` (N, horizon, H, W, C), uint8, after one context.

    Empty for models other than DLH.
    """
    if not isinstance(model, DynamicLatentHierarchy):
        return {}
    generator = run.generator(seed, "inspection")
    context = as_input(run.data["test"][:1, : measuring.context], run.device)
    with torch.no_grad():
        states = states_after(model.infer(model.features(context), generator).courses)
        sampled = [samples_of(model, states, n, DRAWS, generator) for n in range(len(states))]
        rolled = [rolled_alone(model, states, n, measuring.horizon, generator) for n in range(len(states))]
        frames = {"sampled": torch.stack(sampled), "rolled": torch.stack(rolled)}
        return {
            f"levels/{name}": (model.decoder(decoded) * 255).round().byte().cpu().numpy()
            for name, decoded in frames.items()
        }


def samples_of(
    model: DynamicLatentHierarchy, states: list[State], n: int, draws: int, generator: torch.Generator
) -> Tensor:
    """c^0 (draws, features) when the level at place n is drawn from its change prior; states have one row."""
    level, state = model.levels[n], states[n]
    prior = level.predict(state.memory, _context(model, states, n))  # type: ignore[operator]
    drawn = prior.sample(noise((draws, state.sample.shape[1]), state.sample, generator))
    return _decoded(model, states, n, drawn)


def rolled_alone(
    model: DynamicLatentHierarchy, states: list[State], n: int, horizon: int, generator: torch.Generator
) -> Tensor:
    """c^0 (horizon, features) when the level at place n changes at every frame and no other ever does."""
    level, state = model.levels[n], states[n]
    context = _context(model, states, n)
    draws = noise((horizon, *state.sample.shape), state.sample, generator)
    memory, clock, samples = state.memory, state.clock, []
    for draw in draws:
        samples.append(level.predict(memory, context).sample(draw))  # type: ignore[operator]
        memory = level.tick(samples[-1], clock, memory)  # type: ignore[operator]
        clock = torch.ones_like(clock)
    return _decoded(model, states, n, torch.cat(samples))


def _context(model: DynamicLatentHierarchy, states: list[State], n: int) -> Tensor | None:
    """c^n of the states above."""
    context: Tensor | None = None
    for level, state in reversed(list(zip(model.levels, states, strict=True))[n + 1 :]):
        context = level.top_down(state.sample, context)  # type: ignore[operator]
    return context


def _decoded(model: DynamicLatentHierarchy, states: list[State], n: int, samples: Tensor) -> Tensor:
    """c^0 with `samples` (R, s) at place n and the states everywhere else."""
    rows = len(samples)
    context = _context(model, states, n)
    context = None if context is None else context.expand(rows, -1)
    for place in reversed(range(n + 1)):
        sample = samples if place == n else states[place].sample.expand(rows, -1)
        context = model.levels[place].top_down(sample, context)  # type: ignore[operator]
    assert context is not None
    return context
