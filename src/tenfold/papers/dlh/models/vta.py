"""VTA (Kim, Ahn and Bengio 2019): segments of learned length, an abstract state for each, and states of frames in them.

m_t says that frame t starts a segment. The abstract state z changes there and is kept elsewhere; the belief h of the
frames is set anew from the abstract level there. Written after the paper and the behaviour of the authors' code;
encoder, decoder, likelihood and training are those of DLH.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tenfold.papers.dlh.models.base import Events, Frame, Point, VideoModel, noise
from tenfold.papers.dlh.models.boundaries import boundary_divergence, bounded_prior, straight_through
from tenfold.papers.dlh.models.gaussian import Gaussian, GaussianHead, divergence, negative_log_likelihood
from tenfold.papers.dlh.models.images import Decoder, Encoder
from tenfold.papers.dlh.settings import Segments, Train


class Inferred(NamedTuple):
    """What the posterior says about a video."""

    starts: Tensor
    """(B, T) 0 or 1, with the straight-through gradient; frame 0 starts a segment."""
    boundary: Tensor
    """(B, T) logits of q(m)."""
    abstract: Gaussian
    """(B, T, z): q(z) of a segment that would start at each frame."""
    abstract_prior: Gaussian
    states: Gaussian
    """(B, T, s): q(s)."""
    states_prior: Gaussian
    next_boundary: Tensor
    """(B, T) logits of p(m) of the frame after each frame."""
    decoded: Tensor
    """(B, T, H, W, C)"""
    last: Running


class Running(NamedTuple):
    """Where a roll-out goes on: (R, .) each."""

    abstract_belief: Tensor
    abstract_state: Tensor
    belief: Tensor
    state: Tensor
    next_boundary: Tensor
    """(R,) logit."""


class Future(NamedTuple):
    """What was rolled out."""

    seen: Tensor
    """(R, horizon, belief + s): what the decoder gets."""
    starts: Tensor
    """(R, horizon) bool"""
    abstract: Tensor
    """(R, horizon, z)"""


class VariationalTemporalAbstraction(VideoModel):
    """The two levels of VTA; their states have the sizes of those of levels 1 and 2."""

    def __init__(self, settings: Train, frame: Frame) -> None:
        super().__init__()
        sizes, self.segments = settings.levels, settings.segments
        self.final_deviation = settings.training.deviation
        self.pixels = frame.height * frame.width * frame.channels
        state, belief = sizes.stochastic_at(1), self.segments.deterministic[0]
        abstract, above = sizes.stochastic_at(2), self.segments.deterministic[1]
        hidden, smallest = sizes.hidden, sizes.smallest_deviation
        self.encoder = Encoder(frame, settings.images, sizes.features)
        self.decoder = Decoder(frame, settings.images, belief + state)
        self.boundary = _boundary_detector(sizes.features, self.segments)
        # What the posteriors know of the frames: forwards and backwards for z, within the segment for s.
        self.forwards = nn.GRU(sizes.features, above, batch_first=True)
        self.backwards = nn.GRUCell(sizes.features, above)
        self.within = nn.GRUCell(sizes.features, belief)
        self.abstract_posterior = GaussianHead(2 * above, hidden, abstract, smallest)
        self.abstract_prior = GaussianHead(above, hidden, abstract, smallest)
        self.abstract_belief = nn.GRUCell(abstract, above)
        self.abstract_features = nn.Linear(above + abstract, belief)
        self.posterior = GaussianHead(2 * belief, hidden, state, smallest)
        self.prior = GaussianHead(belief, hidden, state, smallest)
        self.belief = nn.GRUCell(state + belief, belief)
        self.next_boundary = nn.Linear(belief + state, 1)

    # ------------------------------------------------------------------------------------------- inference

    def starts(self, features: Tensor, temperature: float | None, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Where segments start, (B, T), and the logits of q(m); without a temperature the likelier value is taken."""
        logit = self.boundary(features.transpose(1, 2))[:, 0]
        if temperature is None:
            found = (logit > 0).to(logit)
        else:
            found = straight_through(logit, temperature, _uniform(logit.shape, logit, generator))
        return torch.cat([torch.ones_like(found[:, :1]), found[:, 1:]], 1), logit

    def infer(self, features: Tensor, starts: Tensor, boundary: Tensor, generator: torch.Generator) -> Inferred:
        """All states, given where segments start (B, T) and what that came from."""
        before, after = self._abstract_evidence(features, starts)
        abstract = self.abstract_posterior(torch.cat([before, after], -1))
        drawn = abstract.sample(noise(tuple(abstract.mean.shape), features, generator))
        abstract_beliefs, abstract_states = self._abstract_course(drawn, starts)
        above = self.abstract_features(torch.cat([abstract_beliefs, abstract_states], -1))
        states = self.posterior(torch.cat([self._within_segments(features, starts), above], -1))
        samples = states.sample(noise(tuple(states.mean.shape), features, generator))
        beliefs = self._course(samples, above, starts)
        seen = torch.cat([beliefs, samples], -1)
        upcoming = self.next_boundary(seen)[..., 0]
        running = (abstract_beliefs, abstract_states, beliefs, samples, upcoming)
        last = Running(*(values[:, -1] for values in running))
        return Inferred(
            starts, boundary, abstract, self.abstract_prior(abstract_beliefs), states, self.prior(beliefs), upcoming,
            self.decoder(seen), last,
        )  # fmt: skip

    def _abstract_evidence(self, features: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Summaries (B, T, .) of all frames before each one, and of the rest of its segment, from the end backwards."""
        forwards = nn.functional.pad(self.forwards(features)[0][:, :-1], (0, 0, 1, 0))
        summary = features.new_zeros(features.shape[0], self.backwards.hidden_size)
        found = []
        for t in reversed(range(features.shape[1])):
            summary = self.backwards(features[:, t], summary)
            found.append(summary)
            summary = (1 - starts[:, t, None]) * summary  # the segment before knows nothing of this one
        return forwards, torch.stack(found[::-1], 1)

    def _within_segments(self, features: Tensor, starts: Tensor) -> Tensor:
        """Summaries (B, T, .) of the frames of the segment up to each one."""
        summary = features.new_zeros(features.shape[0], self.within.hidden_size)
        found = []
        for t in range(features.shape[1]):
            summary = self.within(features[:, t], (1 - starts[:, t, None]) * summary)
            found.append(summary)
        return torch.stack(found, 1)

    def _abstract_course(self, drawn: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Belief and state of the abstract level at each frame: new ones where a segment starts."""
        rows = drawn.shape[0]
        belief, state = drawn.new_zeros(rows, self.abstract_belief.hidden_size), drawn.new_zeros(rows, drawn.shape[-1])
        beliefs, states = [], []
        for t in range(drawn.shape[1]):
            start = starts[:, t, None]
            belief = start * self.abstract_belief(state, belief) + (1 - start) * belief
            state = start * drawn[:, t] + (1 - start) * state
            beliefs.append(belief)
            states.append(state)
        return torch.stack(beliefs, 1), torch.stack(states, 1)

    def _course(self, samples: Tensor, above: Tensor, starts: Tensor) -> Tensor:
        """Belief h (B, T, .): what the abstract level says where a segment starts, elsewhere a step further."""
        belief, state = above[:, 0], samples[:, 0]
        found = [belief]
        for t in range(1, samples.shape[1]):
            start = starts[:, t, None]
            stepped = self.belief(torch.cat([state, above[:, t]], -1), belief)
            belief, state = start * above[:, t] + (1 - start) * stepped, samples[:, t]
            found.append(belief)
        return torch.stack(found, 1)

    def roll_out(self, now: Running, horizon: int, generator: torch.Generator) -> Future:
        """`horizon` frames further; where segments start is sampled from p(m), states from their priors."""
        rows, like = (horizon, len(now.state)), now.state
        abstract_draws, draws = (
            noise((*rows, size), like, generator) for size in (now.abstract_state.shape[1], now.state.shape[1])
        )
        chances = _uniform(rows, like, generator)
        found = []
        for t in range(horizon):
            start = (chances[t] < torch.sigmoid(now.next_boundary))[:, None]
            moved = self.abstract_belief(now.abstract_state, now.abstract_belief)
            abstract_belief = torch.where(start, moved, now.abstract_belief)
            fresh = self.abstract_prior(abstract_belief).sample(abstract_draws[t])
            abstract_state = torch.where(start, fresh, now.abstract_state)
            above = self.abstract_features(torch.cat([abstract_belief, abstract_state], -1))
            belief = torch.where(start, above, self.belief(torch.cat([now.state, above], -1), now.belief))
            state = self.prior(belief).sample(draws[t])
            seen = torch.cat([belief, state], -1)
            now = Running(abstract_belief, abstract_state, belief, state, self.next_boundary(seen)[:, 0])
            found.append((seen, start[:, 0], abstract_state))
        return Future(*(torch.stack(parts, 1) for parts in zip(*found, strict=True)))

    # -------------------------------------------------------------------------------------------- protocol

    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:
        """Negative ELBO per frame; the abstract KL is paid where a segment starts."""
        features = self.encoder(video)
        starts, logit = self.starts(features, self.segments.temperature_at(point.update / point.updates), generator)
        found = self.infer(features, starts, logit, generator)
        error = (found.decoded - video).square().sum((-3, -2, -1)).mean()
        where = starts.detach()
        state = divergence(found.states, found.states_prior).mean()
        abstract = (where * divergence(found.abstract, found.abstract_prior)).mean()
        prior = nn.functional.pad(found.next_boundary[:, :-1], (1, 0))
        bounded = bounded_prior(prior, where.bool(), self.segments.longest, self.segments.most)
        boundary = boundary_divergence(logit, bounded).mean()
        likelihood = negative_log_likelihood(error, point.deviation, self.pixels)
        total = likelihood + point.divergence * (state + abstract + boundary)
        return {
            "loss": total * (point.deviation / self.final_deviation) ** 2, "error": error, "kl-1": state,
            "kl-2": abstract, "cross-entropy-2": boundary, "rate-2": where.mean(),
        }  # fmt: skip

    @torch.no_grad()
    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:
        """The last segment of the context goes on until p(m) ends it."""
        features = self.encoder(context).repeat(samples, 1, 1)
        starts, logit = self.starts(features, None, generator)
        last = self.infer(features, starts, logit, generator).last
        return self.decoder(self.roll_out(last, horizon, generator).seen).unflatten(0, (samples, -1))

    @torch.no_grad()
    def posterior_events(self, video: Tensor, generator: torch.Generator) -> Events:
        features = self.encoder(video)
        starts, logit = self.starts(features, None, generator)
        found = self.infer(features, starts, logit, generator)
        always = torch.ones_like(starts)
        upcoming = torch.sigmoid(found.next_boundary[:, :-1])
        chance = torch.cat([always[:, :1], upcoming], 1)
        frames = torch.arange(starts.shape[1], device=starts.device)
        held = torch.where(starts.bool(), frames, torch.zeros_like(frames)).cummax(1).values
        abstract = found.abstract.mean.gather(1, held[..., None].expand_as(found.abstract.mean))
        paid = [
            divergence(found.states, found.states_prior), starts * divergence(found.abstract, found.abstract_prior),
        ]  # fmt: skip
        return Events(
            changed=torch.stack([always, starts], -1).bool(),
            examined=torch.ones_like(starts, dtype=torch.bool)[..., None].expand(-1, -1, 2),
            probability=torch.stack([always, chance], -1),
            divergence=torch.stack(paid, -1),
            means=[found.states.mean, abstract],
        )


def _boundary_detector(features: int, segments: Segments) -> nn.Sequential:
    """1-D convolutions over the frames, three wide: (B, features, T) -> (B, 1, T)."""
    parts: list[nn.Module] = []
    for _ in range(segments.layers):
        parts += [nn.Conv1d(features, features, 3, padding=1), nn.ELU()]
    return nn.Sequential(*parts, nn.Conv1d(features, 1, 3, padding=1))


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator).to(like)
