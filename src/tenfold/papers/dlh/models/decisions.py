"""The first pass over a video: which levels change at which frame. It needs no gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.dlh.models import selection
from tenfold.papers.dlh.models.gaussian import Gaussian, divergence
from tenfold.papers.dlh.models.level import Level
from tenfold.papers.dlh.settings import Hierarchy


class Running:
    """The latest state of one level while its video goes by; everything starts at zero."""

    def __init__(self, level: Level, rows: int, like: Tensor) -> None:
        self.level = level
        size = level.posterior.size
        self.posterior = Gaussian(like.new_zeros(rows, size), like.new_ones(rows, size))
        self.sample = like.new_zeros(rows, size)
        self.memory = like.new_zeros(rows, level.memory_size)
        self.clock = like.new_zeros(rows)

    def take(self, posterior: Gaussian, sample: Tensor, seen: Tensor) -> None:
        """A new posterior and sample where the level was examined; elsewhere they stay as they are."""
        keep = seen[:, None]
        self.posterior = Gaussian(
            torch.where(keep, posterior.mean, self.posterior.mean),
            torch.where(keep, posterior.deviation, self.posterior.deviation),
        )
        self.sample = torch.where(keep, sample, self.sample)

    def move_on(self, changed: Tensor, ticks: Tensor) -> None:
        """To the next frame: the GRU where it ticks, and the clock."""
        moved = self.level.tick(self.sample, self.clock, self.memory)
        self.memory = torch.where(ticks[:, None], moved, self.memory)
        self.clock = torch.where(changed, torch.ones_like(self.clock), self.clock + 1)


def decide(
    levels: list[Level], features: list[Tensor], draws: list[Tensor], hierarchy: Hierarchy, margin: float
) -> Tensor:
    """Effective e (B, T, N) from x^n (B, T, features) and the noise (B, T, s_n) of the states.

    Within a frame the decision at level n is made with the latest states above it, from level 2 upwards. Then the
    levels are inferred anew from the top down, with the context that follows from the decisions.
    """
    rows, frames = features[0].shape[:2]
    everywhere = torch.ones(rows, dtype=torch.bool, device=features[0].device)
    if len(levels) == 1:
        return everywhere[:, None, None].expand(rows, frames, 1)
    soft = hierarchy.assignment == "vade"
    # Level 1 takes part only where p(e^2), which may look at d^1, has a say in the decision.
    first = 0 if soft else 1
    states = [Running(level, rows, features[0]) for level in levels]
    inferred_top = levels[-1].infer(features[-1], None)  # nothing is above it, so all its frames are known at once
    changes = []
    for t in range(frames):
        changed, proposals = [everywhere], [everywhere]
        contexts = _contexts(states) if len(levels) > 2 else [None, None]
        for n in range(1, len(levels)):
            state, context = states[n], contexts[n]
            posterior = inferred_top.frame(t) if context is None else levels[n].infer(features[n][:, t], context)
            change = divergence(posterior, levels[n].predict(state.memory, context))
            static = divergence(posterior, state.posterior)
            if soft:
                prior = levels[n].change_logit(state.memory, state.clock, states[n - 1].memory)
                wins = selection.soft_logit(change, static, prior, margin) > 0
            else:
                wins = selection.change_wins(change, static, margin)
            proposals.append(everywhere if t == 0 else wins)
            changed.append(proposals[n] & changed[n - 1] if hierarchy.nested else proposals[n])
        context = None
        for n in reversed(range(first, len(levels))):
            seen = changed[n - 1] if n and hierarchy.nested else everywhere
            posterior = inferred_top.frame(t) if context is None else levels[n].infer(features[n][:, t], context)
            states[n].take(posterior, posterior.sample(draws[n][:, t]), seen)
            if n > first:
                context = levels[n].top_down(states[n].sample, context)
            states[n].move_on(changed[n], changed[n] if hierarchy.ticks == "events" else seen)
        changes.append(torch.stack(changed, -1))
    return torch.stack(changes, 1)


def _contexts(states: list[Running]) -> list[Tensor | None]:
    """c^1 .. c^N from the latest states."""
    found: list[Tensor | None] = [None]
    for state in reversed(states[1:]):
        found.insert(0, state.level.top_down(state.sample, found[0]))
    return found
