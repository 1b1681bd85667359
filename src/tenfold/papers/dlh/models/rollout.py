"""Futures: e and the states are sampled level by level, and a static level keeps its sample ("pruned")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tenfold.papers.dlh.models.base import noise
from tenfold.papers.dlh.models.level import Course, Level
from tenfold.papers.dlh.settings import Hierarchy


@dataclass(frozen=True)
class State:
    """One level at the end of the frames seen so far: (R, s), (R, d), (R,)."""

    sample: Tensor
    memory: Tensor
    clock: Tensor


class Future(NamedTuple):
    """What was rolled out."""

    decoded: Tensor
    """(R, horizon, features): c^0."""
    changed: Tensor
    """(R, horizon, N) bool"""
    samples: list[Tensor]
    """Of each level (R, horizon, s_n)."""


def states_after(courses: list[Course]) -> list[State]:
    """Where the levels stand after the last frame."""
    return [State(course.sample[:, -1], course.memory[:, -1], course.clock[:, -1]) for course in courses]


def roll_out(
    levels: list[Level], states: list[State], horizon: int, hierarchy: Hierarchy, generator: torch.Generator
) -> Future:
    """`horizon` frames further. Which levels change is sampled from p(e^n); changed states from the change prior.

    Noise is drawn for all frames first and per level, so that what one level does not use shifts nothing for others.
    """
    like, rows = states[0].sample, states[0].sample.shape[0]
    draws = [noise((horizon, *state.sample.shape), like, generator) for state in states]
    chances = torch.rand((horizon, rows, len(levels)), generator=generator).to(like)
    everywhere = torch.ones(rows, dtype=torch.bool, device=like.device)
    decoded, changes = [], []
    samples: list[list[Tensor]] = [[] for _ in levels]
    for t in range(horizon):
        changed = [everywhere]
        for n in range(1, len(levels)):
            logit = levels[n].change_logit(states[n].memory, states[n].clock, states[n - 1].memory)
            drawn = chances[t, :, n] < torch.sigmoid(logit)
            changed.append(drawn & changed[n - 1] if hierarchy.nested else drawn)
        context: Tensor | None = None
        moved = list(states)
        for n in reversed(range(len(levels))):
            state = states[n]
            fresh = levels[n].predict(state.memory, context).sample(draws[n][t])
            sample = torch.where(changed[n][:, None], fresh, state.sample)
            context = levels[n].top_down(sample, context)
            seen = changed[n - 1] if n and hierarchy.nested else everywhere
            ticks = changed[n] if hierarchy.ticks == "events" else seen
            memory = torch.where(ticks[:, None], levels[n].tick(sample, state.clock, state.memory), state.memory)
            clock = torch.where(changed[n], torch.ones_like(state.clock), state.clock + 1)
            moved[n] = State(sample, memory, clock)
            samples[n].append(sample)
        assert context is not None
        states = moved
        decoded.append(context)
        changes.append(torch.stack(changed, -1))
    return Future(torch.stack(decoded, 1), torch.stack(changes, 1), [torch.stack(one, 1) for one in samples])
