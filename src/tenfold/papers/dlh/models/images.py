"""From frames to features and back: dense for 16 pixels, CW-VAE's convolutions for 32 and 64."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from tenfold.errors import ConfigError
from tenfold.papers.dlh.models.base import Frame
from tenfold.papers.dlh.settings import Images

DECODER_KERNELS = {32: (5, 6, 6), 64: (5, 5, 6, 6)}
"""Of transposed convolutions with stride 2 from 1x1 to the size of the frame; 64 is CW-VAE's."""

FRAMES_AT_ONCE = 256
"""Decoded together where there are no gradients."""


class Encoder(nn.Module):
    """o_t -> x^1_t: (..., H, W, C) -> (..., features)."""

    def __init__(self, frame: Frame, settings: Images, features: int) -> None:
        super().__init__()
        self.frame = frame
        self.convolutional = settings.channels is not None
        if settings.channels is None:
            self.layers = nn.Sequential(
                nn.Flatten(),
                nn.Linear(frame.height * frame.width * frame.channels, settings.hidden),
                nn.ELU(),
                nn.Linear(settings.hidden, features),
            )
            return
        _kernels(frame, settings)
        channels, side = [frame.channels, *settings.channels], frame.height
        parts: list[nn.Module] = []
        for before, after in pairwise(channels):
            parts += [nn.Conv2d(before, after, 4, stride=2), nn.LeakyReLU()]
            side = (side - 4) // 2 + 1
        self.layers = nn.Sequential(*parts, nn.Flatten(), nn.Linear(channels[-1] * side**2, features))

    def forward(self, video: Tensor) -> Tensor:
        frames = video.reshape(-1, *self.frame)
        if self.convolutional:
            frames = frames.permute(0, 3, 1, 2)
        return self.layers(frames).reshape(*video.shape[:-3], -1)


class Decoder(nn.Module):
    """c^0_t -> the mean of o_t in [0, 1]: (..., features) -> (..., H, W, C).

    The last layer y is squashed to sigmoid(4 y - 2): a network that still knows nothing is dark, and black is exact.
    """

    def __init__(self, frame: Frame, settings: Images, features: int) -> None:
        super().__init__()
        self.frame = frame
        self.convolutional = settings.channels is not None
        if settings.channels is None:
            self.layers = nn.Sequential(
                nn.Linear(features, settings.hidden),
                nn.ELU(),
                nn.Linear(settings.hidden, frame.height * frame.width * frame.channels),
            )
            return
        kernels = _kernels(frame, settings)
        wide = settings.channels[-1] * 4
        channels = [wide, *reversed(settings.channels[:-1]), frame.channels]
        parts: list[nn.Module] = [nn.Linear(features, wide), nn.Unflatten(-1, (wide, 1, 1))]
        for (before, after), kernel in zip(pairwise(channels), kernels, strict=True):
            parts += [nn.ConvTranspose2d(before, after, kernel, stride=2), nn.LeakyReLU()]
        self.layers = nn.Sequential(*parts[:-1])

    def forward(self, context: Tensor) -> Tensor:
        raw = self.layers(context.reshape(-1, context.shape[-1]))
        if self.convolutional:
            raw = raw.permute(0, 2, 3, 1)
        return torch.sigmoid(4 * raw - 2).reshape(*context.shape[:-1], *self.frame)

    def in_pieces(self, context: Tensor) -> Tensor:
        """The same for many frames, without gradients: a few at a time, so that they stay in the processor's cache."""
        flat = context.reshape(-1, context.shape[-1])
        frames = flat.new_empty((len(flat), *self.frame))
        for start in range(0, len(flat), FRAMES_AT_ONCE):
            piece = slice(start, start + FRAMES_AT_ONCE)
            frames[piece] = self(flat[piece])
        return frames.reshape(*context.shape[:-1], *self.frame)


def _kernels(frame: Frame, settings: Images) -> tuple[int, ...]:
    assert settings.channels is not None
    kernels = DECODER_KERNELS.get(frame.height, ())
    if frame.height != frame.width or len(kernels) != len(settings.channels):
        raise ConfigError(
            f"images.channels: {len(settings.channels)} convolutions for frames of {frame.height} x {frame.width}; "
            "possible are 3 for 32 x 32, 4 for 64 x 64, and null (dense layers) for every size"
        )
    return kernels
