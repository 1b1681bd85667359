"""Images as the networks see them: standardized, with fixed noise where asked, in an order that belongs to the seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from tenfold.training.run import Run


class Images:
    """Standardized images of one split for several seeds; all members of a seed see the same ones in the same order."""

    def __init__(self, run: Run, split: str, noise_sd: float = 0.0) -> None:
        """`split` is `train` or `test`. `noise_sd`: standard deviation of Gaussian noise added once to each image."""
        self.run, self.split = run, split
        pixels = torch.as_tensor(run.data[split], device=run.device).float() / 255
        pixels = (pixels if pixels.ndim == 4 else pixels.unsqueeze(-1)).permute(0, 3, 1, 2)  # (N, C, H, W)
        mean, sd = (_per_channel(run.data[name], run.device) for name in ("mean", "sd"))
        self.images = ((pixels - mean) / sd).contiguous()
        self.labels = torch.as_tensor(run.data[f"{split}_labels"], device=run.device)
        self.noise_sd = noise_sd
        self._noise = {seed: self._draw_noise(seed) for seed in run.seeds} if noise_sd else {}

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height, width."""
        return tuple(self.images.shape[1:])

    def _draw_noise(self, seed: int) -> Tensor:
        generator = self.run.generator(seed, "input noise", self.split)
        return torch.randn(self.images.shape, generator=generator).to(self.images.device) * self.noise_sd

    def take(self, indices: dict[int, Tensor]) -> tuple[Tensor, Tensor]:
        """Images (S, B, C, H, W) and labels (S, B) at the indices (B,) of each seed."""
        images = [self.images[i] + self._noise[s][i] if self._noise else self.images[i] for s, i in indices.items()]
        return torch.stack(images), torch.stack([self.labels[i] for i in indices.values()])

    def shuffled(self, seeds: list[int], epoch: int, size: int, *, augment: bool) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of one epoch, in an order and with shifts that depend on seed and epoch only."""
        orders = {seed: torch.randperm(len(self), generator=self.run.generator(seed, "order", epoch)) for seed in seeds}
        for start in range(0, len(self), size):
            chosen = {seed: order[start : start + size].to(self.images.device) for seed, order in orders.items()}
            images, labels = self.take(chosen)
            if augment:
                shifted = [
                    shifted_and_mirrored(images[row], self.run.generator(seed, "augment", epoch, start))
                    for row, seed in enumerate(seeds)
                ]
                images = torch.stack(shifted)
            yield images, labels

    def in_order(self, seeds: list[int], size: int = 1000) -> Iterator[tuple[Tensor, Tensor]]:
        """All images in their order, in batches."""
        for indices in torch.arange(len(self), device=self.images.device).split(size):
            yield self.take(dict.fromkeys(seeds, indices))


def _per_channel(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.as_tensor(values, device=device).float().view(1, -1, 1, 1)


def shifted_and_mirrored(images: Tensor, generator: torch.Generator, reach: int = 4) -> Tensor:
    """Each image (B, C, H, W) shifted by up to `reach` pixels both ways (zeros come in), half of them mirrored."""
    count, _, height, width = images.shape
    offsets = torch.randint(2 * reach + 1, (2, count, 1), generator=generator).to(images.device)
    mirrored = (torch.rand(count, generator=generator) < 0.5).to(images.device)[:, None]
    rows = torch.arange(height, device=images.device) + offsets[0]  # (B, H)
    columns = torch.arange(width, device=images.device)
    columns = torch.where(mirrored, columns.flip(0), columns) + offsets[1]  # (B, W)
    padded = torch.nn.functional.pad(images, (reach, reach, reach, reach))
    member = torch.arange(count, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[member, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
