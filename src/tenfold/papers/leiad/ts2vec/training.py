"""Training of the encoder: crops of series, the contrastive loss, AdamW, averaged weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

from tenfold.papers.leiad.ts2vec.encoder import Encoder
from tenfold.papers.leiad.ts2vec.losses import hierarchical_loss
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings
from tenfold.training.checkpoint import State

KEPT = 0.5
"""Probability that a time step's latent is kept in training."""


def standardized(values: np.ndarray) -> np.ndarray:
    """A series (n,) with mean 0 and standard deviation 1, float32; all 0 where it is constant."""
    deviation = values.std()
    centred = values - values.mean()
    return (centred / deviation if deviation > 0 else np.zeros_like(centred)).astype(np.float32)


class Training:
    """One encoder under way. `step()` learns from one batch; `encoder` has the weights averaged over all steps.

    `series`: standardized ones, each (n,). Everything that a checkpoint has to hold is in `state`.
    """

    def __init__(
        self, encoder: Encoder, series: Sequence[np.ndarray], settings: TS2VecSettings, generator: torch.Generator
    ) -> None:
        self._settings = settings
        self._series = [torch.from_numpy(one) for one in series]
        self._device = next(encoder.parameters()).device
        self._learner = encoder
        self._averaged = AveragedModel(encoder)
        self._averaged.update_parameters(encoder)  # the start counts as one of the averaged, as in the published code
        self._optimiser = torch.optim.AdamW(encoder.parameters(), lr=settings.rate)
        self._generator = generator
        self._order = torch.zeros(len(series), dtype=torch.int64)  # of the epoch under way
        self._taken = torch.zeros(1, dtype=torch.int64)
        if settings.window is None:
            self.total = settings.epochs * len(series)
        else:
            self.total = settings.steps or 0
            self._prepare_windows(settings.window)

    @property
    def state(self) -> State:
        return {
            "learner": self._learner, "averaged": self._averaged, "optimiser": self._optimiser,
            "generator": self._generator, "order": self._order, "taken": self._taken,
        }  # fmt: skip

    @property
    def encoder(self) -> Encoder:
        averaged: Encoder = self._averaged.module  # type: ignore[assignment]
        return averaged.eval()

    def step(self) -> float:
        """Learn from one batch; its loss."""
        batch = (self._next_series() if self._settings.window is None else self._windows()).to(self._device)
        one, other, overlap = crops(batch, self._generator)
        self._learner.train()
        seen = self._learner(one, self._mask(one))[:, -overlap:]
        also = self._learner(other, self._mask(other))[:, :overlap]
        loss = hierarchical_loss(seen, also)
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._averaged.update_parameters(self._learner)
        return loss.item()

    def _mask(self, crop: torch.Tensor) -> torch.Tensor:
        return (torch.rand(crop.shape, generator=self._generator) < KEPT).to(crop.device)

    def _next_series(self) -> torch.Tensor:
        """(1, T): the next whole series of the epoch, cut at random where it is too long."""
        place = int(self._taken) % len(self._series)
        if place == 0:
            self._order.copy_(torch.randperm(len(self._series), generator=self._generator))
        self._taken += 1
        series = self._series[int(self._order[place])]
        left = self._integer(0, max(0, len(series) - self._settings.longest) + 1)
        return series[left : left + self._settings.longest].unsqueeze(0)

    def _prepare_windows(self, window: int) -> None:
        """Windows start anywhere in the series that are long enough for one; where none is, they are the longest."""
        self._window = min(window, max(map(len, self._series)))
        long = [series for series in self._series if len(series) >= self._window]
        self._joined = torch.cat(long)
        lengths = torch.tensor([len(series) for series in long])
        starts = torch.cumsum(lengths, 0) - lengths
        self._starts = torch.cat(
            [
                torch.arange(int(start), int(start + length) - self._window + 1)
                for start, length in zip(starts, lengths, strict=True)
            ]
        )

    def _windows(self) -> torch.Tensor:
        """(B, window), each start as likely as any other."""
        chosen = torch.randint(len(self._starts), (self._settings.batch,), generator=self._generator)
        return self._joined[self._starts[chosen].unsqueeze(1) + torch.arange(self._window)]

    def _integer(self, low: int, high: int) -> int:
        return _integer(low, high, self._generator)


def crops(batch: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Two overlapping crops of series (B, T), (B, T1) and (B, T2), and the length they share.

    The last `overlap` steps of the first are the first steps of the second. All rows are cropped alike, and then
    shifted each by its own number of steps.
    """
    length = batch.shape[1]
    overlap = _integer(2, length + 1, generator)
    left = _integer(0, length - overlap + 1, generator)
    right = left + overlap
    outer_left = _integer(0, left + 1, generator)
    outer_right = _integer(right, length + 1, generator)
    shift = torch.randint(-outer_left, length - outer_right + 1, (len(batch), 1), generator=generator)

    def cut(start: int, stop: int) -> torch.Tensor:
        return batch.gather(1, (shift + torch.arange(start, stop)).to(batch.device))

    return cut(outer_left, right), cut(left, outer_right), overlap


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high, (1,), generator=generator))
