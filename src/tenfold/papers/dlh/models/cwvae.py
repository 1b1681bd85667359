"""CW-VAE (Saxena, Ba and Hafner 2021): a hierarchy of recurrent state-space models that tick at fixed rates.

Level n (1 next to the pixels) ticks every k^(n-1) frames and sees the sum of the embeddings of the frames of its block.
Written after the authors' code; encoder, decoder, likelihood and training are those of DLH.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tenfold.papers.dlh.models.base import Events, Frame, Point, VideoModel, noise
from tenfold.papers.dlh.models.gaussian import RAW_SHIFT, Gaussian, divergence, negative_log_likelihood
from tenfold.papers.dlh.models.images import Decoder, Encoder
from tenfold.papers.dlh.settings import Levels, Train


class Course(NamedTuple):
    """One level over its ticks S: each (R, S, .)."""

    sample: Tensor
    memory: Tensor
    posterior: Gaussian
    """Of the ticks that were observed."""
    prior: Gaussian
    """Of the same ticks."""

    @property
    def output(self) -> Tensor:
        """What the level below, or the decoder, gets."""
        return torch.cat([self.sample, self.memory], -1)


class Cell(nn.Module):
    """The recurrent state-space model of one level."""

    def __init__(self, number: int, sizes: Levels) -> None:
        super().__init__()
        self.size, memory, hidden = sizes.stochastic_at(number), sizes.deterministic_at(number), sizes.hidden
        above = 0
        if number < sizes.count:
            above = sizes.stochastic_at(number + 1) + sizes.deterministic_at(number + 1)
        self.smallest = sizes.smallest_deviation
        self.from_sample = nn.Linear(self.size, hidden)
        self.from_above = nn.Linear(above, hidden, bias=False) if above else None
        self.gru = nn.GRUCell(hidden, memory)
        self.prior = nn.Sequential(nn.Linear(memory, hidden), nn.ReLU(), nn.Linear(hidden, 2 * self.size))
        self.from_memory = nn.Linear(memory, hidden)
        self.from_features = nn.Linear(sizes.features, hidden, bias=False)
        self.posterior = nn.Sequential(
            nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2 * self.size)
        )  # fmt: skip

    def follow(self, features: Tensor, above: Tensor | None, draws: Tensor) -> Course:
        """S ticks, of which the first features.shape[1] are observed: (R, O, F), (R, S, .), (R, S, s).

        What does not depend on the tick before is computed for all ticks at once: the shares of the features and of
        the level above in the first layers, and the priors.
        """
        rows, observed = features.shape[:2]
        seen = self.from_features(features)
        context = self.from_above(above) if self.from_above is not None else None
        sample, memory = draws.new_zeros(rows, self.size), draws.new_zeros(rows, self.gru.hidden_size)
        samples, memories, raw = [], [], []
        for tick in range(draws.shape[1]):
            inputs = self.from_sample(sample)
            if context is not None:
                inputs = inputs + context[:, tick]
            memory = self.gru(torch.relu(inputs), memory)
            if tick < observed:
                raw.append(self.posterior(self.from_memory(memory) + seen[:, tick]))
                state = self._gaussian(raw[-1])
            else:
                state = self._gaussian(self.prior(memory))
            sample = state.sample(draws[:, tick])
            samples.append(sample)
            memories.append(memory)
        course = torch.stack(memories, 1)
        prior = self._gaussian(self.prior(course[:, :observed]))
        return Course(torch.stack(samples, 1), course, self._gaussian(torch.stack(raw, 1)), prior)

    def _gaussian(self, raw: Tensor) -> Gaussian:
        mean, deviation = raw.chunk(2, -1)
        return Gaussian(mean, nn.functional.softplus(deviation + RAW_SHIFT) + self.smallest)


class ClockworkVAE(VideoModel):
    """CW-VAE with as many levels, and as many features, as the settings say."""

    def __init__(self, settings: Train, frame: Frame) -> None:
        super().__init__()
        own = {"stochastic": settings.clockwork.stochastic, "hidden": settings.clockwork.hidden}
        sizes = settings.levels.model_copy(update=own)
        self.final_deviation = settings.training.deviation
        self.pixels = frame.height * frame.width * frame.channels
        self.periods = [settings.clockwork.factor**n for n in range(sizes.count)]
        self.encoder = Encoder(frame, settings.images, sizes.features)
        self.embeddings = nn.ModuleList(_embedding(sizes) for _ in range(1, sizes.count))
        self.cells = nn.ModuleList(Cell(n, sizes) for n in range(1, sizes.count + 1))
        self.decoder = Decoder(frame, settings.images, sizes.stochastic_at(1) + sizes.deterministic_at(1))

    def features(self, video: Tensor) -> list[Tensor]:
        """What each level sees at its ticks: (B, ceil(T / k^(n-1)), features)."""
        pixels = self.encoder(video)
        found = [pixels]
        for embedding, period in zip(self.embeddings, self.periods[1:], strict=True):
            found.append(summed(embedding(pixels), period))
        return found

    def follow(self, features: list[Tensor], frames: int, generator: torch.Generator) -> list[Course]:
        """All levels over `frames` frames, level 1 first; beyond the features they follow their priors."""
        rows = features[0].shape[0]
        ticks = [-(-frames // period) for period in self.periods]
        draws = [
            noise((rows, count, cell.size), features[0], generator)  # type: ignore[arg-type]
            for count, cell in zip(ticks, self.cells, strict=True)
        ]
        courses: list[Course] = []
        above: Tensor | None = None
        for n in reversed(range(len(self.cells))):
            course = self.cells[n].follow(features[n], above, draws[n])  # type: ignore[operator]
            courses.insert(0, course)
            if n:
                faster = self.periods[n] // self.periods[n - 1]
                above = course.output.repeat_interleave(faster, 1)[:, : ticks[n - 1]]
        return courses

    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:
        courses = self.follow(self.features(video), video.shape[1], generator)
        error = (self.decoder(courses[0].output) - video).square().sum((-3, -2, -1)).mean()
        # A level's KL is paid at its ticks; all terms are per frame.
        states = [divergence(one.posterior, one.prior).sum(1).mean() / video.shape[1] for one in courses]
        likelihood = negative_log_likelihood(error, point.deviation, self.pixels)
        total = likelihood + point.divergence * torch.stack(states).sum()
        parts = {"loss": total * (point.deviation / self.final_deviation) ** 2, "error": error}
        return parts | {f"kl-{n}": state for n, state in enumerate(states, start=1)}

    @torch.no_grad()
    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:
        frames = context.shape[1]
        features = [x.repeat(samples, 1, 1) for x in self.features(context)]
        courses = self.follow(features, frames + horizon, generator)
        return self.decoder.in_pieces(courses[0].output[:, frames:]).unflatten(0, (samples, -1))

    @torch.no_grad()
    def posterior_events(self, video: Tensor, generator: torch.Generator) -> Events:
        frames = video.shape[1]
        courses = self.follow(self.features(video), frames, generator)
        time = torch.arange(frames, device=video.device)
        ticks = torch.stack([time % period == 0 for period in self.periods], -1)  # (T, N)
        changed = ticks.expand(video.shape[0], -1, -1)
        paid, means = [], []
        for course, period in zip(courses, self.periods, strict=True):
            places = time // period
            paid.append(divergence(course.posterior, course.prior)[:, places])
            means.append(course.posterior.mean[:, places])
        state = torch.where(changed, torch.stack(paid, -1), torch.zeros_like(paid[0])[..., None])
        return Events(changed, changed, torch.full_like(state, torch.nan), state, means)


def summed(embeddings: Tensor, period: int) -> Tensor:
    """Sums over blocks of `period` frames, the last one filled up with zeros: (B, T, F) -> (B, ceil(T / period), F)."""
    missing = -embeddings.shape[1] % period
    return nn.functional.pad(embeddings, (0, 0, 0, missing)).unflatten(1, (-1, period)).sum(2)


def _embedding(sizes: Levels) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(sizes.features, sizes.hidden), nn.ReLU(), nn.Linear(sizes.hidden, sizes.hidden), nn.ReLU(),
        nn.Linear(sizes.hidden, sizes.features),
    )  # fmt: skip
