"""One level of the hierarchy: its blocks (Eqs. 10-15), and its course over a video whose changes are known."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tenfold.papers.dlh.models.gaussian import Gaussian, GaussianHead, perceptron
from tenfold.papers.dlh.settings import Levels

FIRST_LOGIT = -1.0
"""Where p(e = 1) starts: changes are the exception."""


class TopDown(nn.Module):
    """c^(n-1) = f_dec(s^n, c^n): a linear map plus a perceptron with one hidden layer."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.straight = nn.Linear(inputs, outputs)
        self.bent = perceptron(inputs, hidden, outputs)

    def forward(self, state: Tensor, context: Tensor | None) -> Tensor:
        joined = _joined(state, context)
        return self.straight(joined) + self.bent(joined)


class Level(nn.Module):
    """Level n of N. Level 1 is next to the pixels and always changes; level N has no context from above."""

    def __init__(self, number: int, sizes: Levels, *, sees_below: bool) -> None:
        """With `sees_below`, p(e^n) also depends on d^(n-1)."""
        super().__init__()
        self.number = number
        stochastic, deterministic = sizes.stochastic_at(number), sizes.deterministic_at(number)
        above = sizes.features if number < sizes.count else 0
        hidden, smallest = sizes.hidden, sizes.smallest_deviation
        self.posterior = GaussianHead(sizes.features + above, hidden, stochastic, smallest)
        self.change_prior = GaussianHead(deterministic + above, hidden, stochastic, smallest)
        self.top_down = TopDown(stochastic + above, hidden, sizes.features)
        self.sees_below = sees_below and number > 1
        self.temporal = nn.GRU(stochastic + (number > 1), deterministic, batch_first=True)
        if number > 1:
            self.bottom_up = perceptron(sizes.features, hidden, sizes.features)  # x^(n-1) -> x^n
            below = sizes.deterministic_at(number - 1) if self.sees_below else 0
            self.factor = perceptron(deterministic + 1 + below, hidden, 1)
            nn.init.constant_(self.factor[-1].bias, FIRST_LOGIT)  # type: ignore[arg-type]

    @property
    def memory_size(self) -> int:
        return self.temporal.hidden_size

    def infer(self, features: Tensor, context: Tensor | None) -> Gaussian:
        """q(s^n | x^n, c^n)."""
        return self.posterior(_joined(features, context))

    def predict(self, memory: Tensor, context: Tensor | None) -> Gaussian:
        """The change prior p(s^n | d^n, c^n)."""
        return self.change_prior(_joined(memory, context))

    def change_logit(self, memory: Tensor, clock: Tensor, below: Tensor) -> Tensor:
        """Logit of p(e^n = 1 | d^n, frames since the last change, d^(n-1) if it is seen): (..., d) -> (...)."""
        parts = [memory, torch.log1p(clock)[..., None], *([below] if self.sees_below else [])]
        return self.factor(torch.cat(parts, -1))[..., 0]

    def tick(self, sample: Tensor, clock: Tensor, memory: Tensor) -> Tensor:
        """d^n after one step of the GRU: (R, s), (R,), (R, d) -> (R, d)."""
        inputs, gru = self._inputs(sample, clock), self.temporal
        weights = (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)
        return torch.gru_cell(inputs, memory, *weights)  # type: ignore[arg-type]

    def remember(self, sample: Tensor, clock: Tensor, ticks: Tensor | None) -> Tensor:
        """d^n before every frame and after the last: (B, T, s), (B, T), ticks (B, T) -> (B, T + 1, d).

        `ticks` are the frames after which the GRU moves on; None: all of them. They are brought together first, so that
        the GRU is one call for as many steps as there are ticks.
        """
        inputs = self._inputs(sample, clock)
        if ticks is None:
            return self._from_zero(inputs)
        before = nn.functional.pad(ticks.cumsum(1), (1, 0))  # (B, T + 1) ticks before each frame
        longest = int(before.max())
        places = torch.argsort(~ticks, dim=1, stable=True)[:, :longest]
        course = self._from_zero(inputs.gather(1, places[..., None].expand(-1, -1, inputs.shape[-1])))
        return course.gather(1, before[..., None].expand(-1, -1, course.shape[-1]))

    def _from_zero(self, inputs: Tensor) -> Tensor:
        return nn.functional.pad(self.temporal(inputs)[0], (0, 0, 1, 0))

    def _inputs(self, sample: Tensor, clock: Tensor) -> Tensor:
        return sample if self.number == 1 else torch.cat([sample, torch.log1p(clock)[..., None]], -1)


@dataclass(frozen=True)
class Course:
    """One level over a video, given which frames change it."""

    posterior: Gaussian
    """(B, T, s): that of the last frame at which the level was examined."""
    previous: Gaussian
    """(B, T, s): the static prior, the posterior of the frame before (of the frame itself, for the first)."""
    sample: Tensor
    """(B, T, s)"""
    memory: Tensor
    """(B, T + 1, d): d^n before every frame and after the last."""
    clock: Tensor
    """(B, T + 1): frames since the last change, before every frame and after the last."""
    context: Tensor | None
    """(B, T, features): c^n, what the levels above say; None at the top."""


def follow(
    level: Level, features: Tensor, context: Tensor | None, noise: Tensor, changed: Tensor, seen: Tensor, ticks: Tensor
) -> Course:
    """The course of a level, all frames at once: nothing but the GRU has to wait for the frame before.

    `changed`, `seen` (examined) and `ticks` are (B, T); `noise` (B, T, s) is the one that the decisions were made with.
    """
    inferred = level.infer(features, context)
    sample = inferred.sample(noise)
    if level.number > 2:  # levels 1 and 2 are examined at every frame
        held = latest(seen)[..., None].expand_as(sample)
        inferred = Gaussian(inferred.mean.gather(1, held), inferred.deviation.gather(1, held))
        sample = sample.gather(1, held)
    clock = since(changed).to(sample)
    always = level.number == 1
    memory = level.remember(sample, clock[:, :-1], None if always else ticks)
    previous = Gaussian(_shifted(inferred.mean), _shifted(inferred.deviation))
    return Course(inferred, previous, sample, memory, clock, context)


def latest(seen: Tensor) -> Tensor:
    """(B, T) bool -> (B, T): the last frame so far that is marked (the first frame is, always)."""
    frames = torch.arange(seen.shape[1], device=seen.device)
    return torch.where(seen, frames, torch.zeros_like(frames)).cummax(1).values


def since(changed: Tensor) -> Tensor:
    """(B, T) bool, true at frame 0 -> (B, T + 1): frames since the last change *before* each frame; 0 at frame 0."""
    frames = torch.arange(1, changed.shape[1] + 1, device=changed.device)
    return nn.functional.pad(frames - latest(changed), (1, 0))


def _shifted(values: Tensor) -> Tensor:
    return torch.cat([values[:, :1], values[:, :-1]], 1)


def _joined(first: Tensor, second: Tensor | None) -> Tensor:
    return first if second is None else torch.cat([first, second], -1)
