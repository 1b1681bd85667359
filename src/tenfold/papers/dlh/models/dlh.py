"""DLH: N levels of states, each of which stays or changes from frame to frame (Eqs. 1-15).

Training has two passes. The first, without gradients, goes through the frames and decides which levels change. Once
that is known nothing but the GRUs depends on the frame before, and their ticks are known too: so the second pass, with
gradients, computes every level for all frames at once. With one level it is a recurrent state-space model.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tenfold.papers.dlh.models import selection
from tenfold.papers.dlh.models.base import Events, Frame, Point, VideoModel, noise
from tenfold.papers.dlh.models.decisions import decide
from tenfold.papers.dlh.models.gaussian import divergence, negative_log_likelihood
from tenfold.papers.dlh.models.images import Decoder, Encoder
from tenfold.papers.dlh.models.level import Course, Level, follow
from tenfold.papers.dlh.models.rollout import roll_out, states_after
from tenfold.papers.dlh.settings import Train


class Inferred(NamedTuple):
    """What the posterior says about a video."""

    changed: Tensor
    """(B, T, N) bool"""
    seen: Tensor
    """(B, T, N) bool: examined"""
    courses: list[Course]
    """Of each level, level 1 first."""
    decoded: Tensor
    """(B, T, features): c^0."""


class Terms(NamedTuple):
    """The KL terms of the ELBO at every frame; level 1 first."""

    state: Tensor
    """(B, T, N) of the states, 0 where frozen."""
    update: Tensor
    """(B, T, N) of e, 0 where it was not decided: level 1, frozen levels, the first frame."""
    logits: Tensor
    """(B, T, N) of p(e = 1); +inf at level 1."""


class DynamicLatentHierarchy(VideoModel):
    """The paper's model, and its variants (`settings.Hierarchy`)."""

    def __init__(self, settings: Train, frame: Frame) -> None:
        super().__init__()
        sizes = settings.levels
        self.hierarchy = settings.hierarchy
        self.final_deviation = settings.training.deviation
        self.pixels = frame.height * frame.width * frame.channels
        self.encoder = Encoder(frame, settings.images, sizes.features)
        self.decoder = Decoder(frame, settings.images, sizes.features)
        sees_below = settings.hierarchy.factor_sees_below
        self.levels = nn.ModuleList(Level(n, sizes, sees_below=sees_below) for n in range(1, sizes.count + 1))

    # ------------------------------------------------------------------------------------------- inference

    def features(self, video: Tensor) -> list[Tensor]:
        """x^1 .. x^N (B, T, features) of a video (B, T, H, W, C)."""
        found = [self.encoder(video)]
        for level in self._levels()[1:]:
            found.append(level.bottom_up(found[-1]))
        return found

    def infer(self, features: list[Tensor], generator: torch.Generator, margin: float = 0.0) -> Inferred:
        """Which levels change, and all states, from x^1 .. x^N."""
        draws = [noise((*x.shape[:2], level.posterior.size), x, generator) for x, level in self._with(features)]
        levels = self._levels()
        with torch.no_grad():
            changed = decide(levels, [x.detach() for x in features], draws, self.hierarchy, margin)
        seen = selection.examined(changed, gated=self.hierarchy.nested)
        ticks = changed if self.hierarchy.ticks == "events" else seen
        courses: list[Course] = []
        context: Tensor | None = None
        for n in reversed(range(len(levels))):
            course = follow(
                levels[n], features[n], context, draws[n], changed[..., n], seen[..., n], ticks[..., n]
            )  # fmt: skip
            context = levels[n].top_down(course.sample, context)
            courses.insert(0, course)
        assert context is not None
        return Inferred(changed, seen, courses, context)

    def terms(self, found: Inferred, margin: float = 0.0) -> Terms:
        """Second and third term of Eq. 8; with the hard assignment the second is Eq. 9."""
        frames = found.changed.shape[1]
        first = torch.arange(frames, device=found.changed.device) == 0  # all levels change there, nobody predicts it
        states, updates, logits = [], [], []
        for n, (level, course) in enumerate(zip(self._levels(), found.courses, strict=True)):
            change = divergence(course.posterior, level.predict(course.memory[:, :-1], course.context))
            if n == 0:
                states.append(change)
                updates.append(torch.zeros_like(change))
                logits.append(torch.full_like(change, torch.inf))
                continue
            previous = course.previous if self.hierarchy.static_gradient else course.previous.detach()
            static = divergence(course.posterior, previous)
            below = found.courses[n - 1].memory[:, :-1]
            logit = level.change_logit(course.memory[:, :-1], course.clock[:, :-1], below)
            if self.hierarchy.assignment == "hard":
                paid = torch.where(found.changed[..., n], change, static)
                update = selection.cross_entropy(found.changed[..., n], logit)
            else:  # q(e) is the optimum given the rest (up to the margin), so no gradient goes through it
                q_logit = selection.soft_logit(change, static, logit, margin).detach()
                q = torch.where(first, torch.ones_like(q_logit), torch.sigmoid(q_logit))
                paid = q * change + (1 - q) * static
                update = selection.bernoulli_divergence(q_logit, logit)
            seen, nothing = found.seen[..., n], torch.zeros_like(paid)
            states.append(torch.where(seen, paid, nothing))
            updates.append(torch.where(seen & ~first, update, nothing))
            logits.append(logit)
        return Terms(torch.stack(states, -1), torch.stack(updates, -1), torch.stack(logits, -1))

    # -------------------------------------------------------------------------------------------- protocol

    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:
        """Negative ELBO per frame (Eq. 8), with the weights of `point`."""
        found = self.infer(self.features(video), generator, point.margin)
        terms = self.terms(found, point.margin)
        error = (self.decoder(found.decoded) - video).square().sum((-3, -2, -1)).mean()
        likelihood = negative_log_likelihood(error, point.deviation, self.pixels)
        state, update = terms.state.mean((0, 1)), terms.update.mean((0, 1))
        total = likelihood + point.divergence * (state.sum() + update.sum())
        # For Adam a factor is nothing but a change of its epsilon; it keeps the gradient's norm in the range of `clip`.
        parts = {"loss": total * (point.deviation / self.final_deviation) ** 2, "error": error}
        for n, rate in enumerate(found.changed.to(state).mean((0, 1))):
            parts[f"kl-{n + 1}"] = state[n]
            if n:
                parts |= {f"cross-entropy-{n + 1}": update[n], f"rate-{n + 1}": rate}
        return parts

    @torch.no_grad()
    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:
        features = [x.repeat(samples, 1, 1) for x in self.features(context)]
        states = states_after(self.infer(features, generator).courses)
        decoded = roll_out(self._levels(), states, horizon, self.hierarchy, generator).decoded
        return self.decoder.in_pieces(decoded).unflatten(0, (samples, -1))

    @torch.no_grad()
    def posterior_events(self, video: Tensor, generator: torch.Generator) -> Events:
        found = self.infer(self.features(video), generator)
        terms = self.terms(found)
        means = [course.posterior.mean for course in found.courses]
        return Events(found.changed, found.seen, torch.sigmoid(terms.logits), terms.state + terms.update, means)

    def _levels(self) -> list[Level]:
        return list(self.levels)  # type: ignore[arg-type]

    def _with(self, features: list[Tensor]) -> list[tuple[Tensor, Level]]:
        return list(zip(features, self._levels(), strict=True))
