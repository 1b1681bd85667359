"""VPR (Zakharov, Guo and Fountas 2022): DLH's predecessor, with events but without the mixture in the objective.

A level's state is inferred anew at its events and kept between them; its prior predicts the state at the next event,
and only there a KL is paid. An event is expected when the prior of the next event explains a frame better than the
state at the last one, and unexpected when the latter explains it much worse than it did lately.

VPR says what comes next but not when. Frame-by-frame futures draw the times of events from the intervals that
training has seen (`renewal`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tenfold.papers.dlh.models.base import Events, Frame, Point, VideoModel, noise
from tenfold.papers.dlh.models.decisions import Running
from tenfold.papers.dlh.models.gaussian import Gaussian, divergence, negative_log_likelihood
from tenfold.papers.dlh.models.images import Decoder, Encoder
from tenfold.papers.dlh.models.level import Level, latest, since
from tenfold.papers.dlh.models.renewal import RenewalProcess
from tenfold.papers.dlh.models.rollout import State, roll_out
from tenfold.papers.dlh.models.selection import examined
from tenfold.papers.dlh.settings import Hierarchy, Levels, Surprise, Train

ROUNDING = 1e-6
"""Nats; what exceeds its mean by less is noise of the arithmetic."""


class EventLevel(Level):
    """A level of DLH whose changes come with a renewal process in place of the learned p(e)."""

    def __init__(self, number: int, sizes: Levels) -> None:
        super().__init__(number, sizes, sees_below=False)
        if number > 1:
            del self.factor
            self.renewal = RenewalProcess()

    def change_logit(self, memory: Tensor, clock: Tensor, below: Tensor) -> Tensor:  # noqa: ARG002
        """From the frames since the last event alone."""
        return self.renewal.logit(clock)


class Course(NamedTuple):
    """One level over a video whose events are known."""

    candidate: Gaussian
    """(B, T, s): what the posterior would be if there were an event at each frame."""
    prior: Gaussian
    """(B, T, s): of the next event."""
    mean: Tensor
    """(B, T, s): of the posterior at the last event."""
    state: State
    """After the last frame."""
    clock: Tensor
    """(B, T): frames since the last event, before every frame."""


class Inferred(NamedTuple):
    """What the posterior says about a video."""

    changed: Tensor
    """(B, T, N) bool"""
    courses: list[Course]
    """Level 1 first."""
    decoded: Tensor
    """(B, T, features): c^0."""


class VariationalPredictiveRouting(VideoModel):
    """VPR with DLH's blocks."""

    def __init__(self, settings: Train, frame: Frame) -> None:
        super().__init__()
        sizes, self.surprise = settings.levels, settings.surprise
        self.final_deviation = settings.training.deviation
        self.pixels = frame.height * frame.width * frame.channels
        self.encoder = Encoder(frame, settings.images, sizes.features)
        self.decoder = Decoder(frame, settings.images, sizes.features)
        self.levels = nn.ModuleList(EventLevel(n, sizes) for n in range(1, sizes.count + 1))

    def features(self, video: Tensor) -> list[Tensor]:
        """x^1 .. x^N (B, T, features) of a video (B, T, H, W, C)."""
        found = [self.encoder(video)]
        for level in self._levels()[1:]:
            found.append(level.bottom_up(found[-1]))
        return found

    def infer(self, features: list[Tensor], generator: torch.Generator, margin: float = 0.0) -> Inferred:
        """Events, found first and without gradients, and then all states."""
        levels = self._levels()
        draws = [
            noise((*x.shape[:2], level.posterior.size), x, generator) for x, level in zip(features, levels, strict=True)
        ]
        with torch.no_grad():
            changed = find_events(levels, [x.detach() for x in features], draws, self.surprise, margin)
        courses: list[Course] = []
        context: Tensor | None = None
        for n in reversed(range(len(levels))):
            course, sample = _follow(levels[n], features[n], context, draws[n], changed[..., n])
            context = levels[n].top_down(sample, context)
            courses.insert(0, course)
        assert context is not None
        return Inferred(changed, courses, context)

    def divergences(self, found: Inferred) -> Tensor:
        """KL of each state to the prior that predicted it, (B, T, N) nats; 0 between events."""
        paid = [
            torch.where(found.changed[..., n], divergence(one.candidate, one.prior), torch.zeros_like(one.clock))
            for n, one in enumerate(found.courses)
        ]
        return torch.stack(paid, -1)

    # -------------------------------------------------------------------------------------------- protocol

    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:
        """Negative ELBO per frame; the intervals between events are counted on the way."""
        found = self.infer(self.features(video), generator, point.margin)
        seen = examined(found.changed, gated=True)
        for n, level in enumerate(self._levels()[1:], start=1):
            later = (slice(None), slice(1, None))  # the first frame is no decision
            level.renewal.count(found.courses[n].clock[later], seen[..., n][later], found.changed[..., n][later])
        error = (self.decoder(found.decoded) - video).square().sum((-3, -2, -1)).mean()
        state = self.divergences(found).mean((0, 1))
        likelihood = negative_log_likelihood(error, point.deviation, self.pixels)
        total = likelihood + point.divergence * state.sum()
        parts = {"loss": total * (point.deviation / self.final_deviation) ** 2, "error": error}
        for n, rate in enumerate(found.changed.to(state).mean((0, 1))):
            parts[f"kl-{n + 1}"] = state[n]
            if n:
                parts[f"rate-{n + 1}"] = rate
        return parts

    @torch.no_grad()
    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:
        features = [x.repeat(samples, 1, 1) for x in self.features(context)]
        states = [course.state for course in self.infer(features, generator).courses]
        rules = Hierarchy(nested=True, ticks="events")
        decoded = roll_out(list(self._levels()), states, horizon, rules, generator).decoded
        return self.decoder(decoded).unflatten(0, (samples, -1))

    @torch.no_grad()
    def posterior_events(self, video: Tensor, generator: torch.Generator) -> Events:
        found = self.infer(self.features(video), generator)
        chances = [torch.ones_like(found.courses[0].clock)]
        for level, course in zip(self._levels()[1:], found.courses[1:], strict=True):
            chances.append(torch.sigmoid(level.renewal.logit(course.clock)))
        return Events(
            changed=found.changed,
            examined=examined(found.changed, gated=True),
            probability=torch.stack(chances, -1),
            divergence=self.divergences(found),
            means=[course.mean for course in found.courses],
        )

    def _levels(self) -> list[EventLevel]:
        return list(self.levels)  # type: ignore[arg-type]


def find_events(
    levels: list[EventLevel], features: list[Tensor], draws: list[Tensor], surprise: Surprise, margin: float
) -> Tensor:
    """Events (B, T, N) bool; the first frame is one of every level, and level 1 has one at every frame.

    A level is examined only where the level below has an event. `margin` is a training aid: nats by which an event
    must win.
    """
    rows, frames = features[0].shape[:2]
    everywhere = torch.ones(rows, dtype=torch.bool, device=features[0].device)
    # Level 1 has no say in the decisions above it.
    states = [Running(level, rows, features[0]) for level in levels]
    past: list[list[Tensor]] = [[] for _ in levels]  # KL_static of earlier frames; NaN where it was not examined
    found = []
    for t in range(frames):
        changed = [everywhere]
        for n in range(1, len(levels)):
            context = _context(states, n)
            posterior = levels[n].infer(features[n][:, t], context)
            static = divergence(posterior, states[n].posterior)
            change = divergence(posterior, levels[n].predict(states[n].memory, context))
            event = (change + margin < static) | unexpected(static - margin, past[n], surprise)
            past[n].append(torch.where(changed[n - 1], static, torch.nan))
            changed.append(changed[n - 1] & (everywhere if t == 0 else event))
        context = None
        for n in reversed(range(1, len(levels))):
            posterior = levels[n].infer(features[n][:, t], context)
            states[n].take(posterior, posterior.sample(draws[n][:, t]), changed[n])
            states[n].move_on(changed[n], changed[n])
            context = levels[n].top_down(states[n].sample, context)
        found.append(torch.stack(changed, -1))
    return torch.stack(found, 1)


def unexpected(static: Tensor, past: list[Tensor], surprise: Surprise) -> Tensor:
    """Whether KL_static (R,) exceeds `factor` times its mean over the `window` frames before, (R,) each.

    Frames at which the level was not examined (NaN) do not count, nor does the first one, before which nothing had been
    inferred; without any other there is nothing to compare with, and nothing is unexpected.
    """
    window = past[1:][-surprise.window :]
    if not window:
        return torch.zeros_like(static, dtype=torch.bool)
    return static > surprise.factor * torch.stack(window).nanmean(0) + ROUNDING  # a comparison with NaN is false


def _context(states: list[Running], n: int) -> Tensor | None:
    """c^n from the latest states above place n."""
    context: Tensor | None = None
    for state in reversed(states[n + 1 :]):
        context = state.level.top_down(state.sample, context)
    return context


def _follow(
    level: EventLevel, features: Tensor, context: Tensor | None, draws: Tensor, changed: Tensor
) -> tuple[Course, Tensor]:
    """The course of a level and its samples (B, T, s), all frames at once; between events its state stays."""
    candidate = level.infer(features, context)
    held = latest(changed)[..., None].expand_as(draws)
    sample, mean = candidate.sample(draws).gather(1, held), candidate.mean.gather(1, held)
    clock = since(changed).to(sample)
    memory = level.remember(sample, clock[:, :-1], None if level.number == 1 else changed)
    prior = level.predict(memory[:, :-1], context)
    last = State(sample[:, -1], memory[:, -1], clock[:, -1])
    return Course(candidate, prior, mean, last, clock[:, :-1]), sample
