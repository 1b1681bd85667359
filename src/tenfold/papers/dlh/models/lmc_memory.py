"""LMC-Memory (Lee et al. 2021): a deterministic ConvLSTM predictor that recalls long motion contexts from a memory.

The memory is addressed by an encoding of frame differences. Training alternates between two phases: in the first a
long sequence, future included, addresses the memory and shapes it; in the second the memory is fixed, and a second
encoder learns to find the same context from the short sequence that is known at test time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenfold.errors import ConfigError
from tenfold.papers.dlh.models.base import Frame, Point, VideoModel
from tenfold.papers.dlh.settings import Train

MOTION_SHRINKING = 16
"""Side of a frame / side of the motion encoders' maps."""
ATTENTION_HIDDEN = 16


class MotionContextMemory(VideoModel):
    """LMC-Memory with the widths that the settings say."""

    def __init__(self, settings: Train, frame: Frame) -> None:
        super().__init__()
        sizes = settings.memory
        if frame.height % MOTION_SHRINKING or frame.width % MOTION_SHRINKING:
            raise ConfigError(
                f"lmc-memory halves frames of {frame.height} x {frame.width} four times: "
                f"their sides must be multiples of {MOTION_SHRINKING}"
            )
        self.frame, self.sizes, channels = frame, sizes, sizes.channels
        self.encoder = _encoder(frame.channels, channels)
        self.cells = nn.ModuleList(ConvLSTM(channels) for _ in range(sizes.layers))
        self.decoder = _decoder(channels, frame.channels)
        self.memory = Memory(sizes.slots, sizes.width)
        self.long_encoder = _motion_encoder(frame.channels, sizes.width)
        self.short_encoder = _motion_encoder(frame.channels, sizes.width)
        self.embedding = _embedding(sizes.width, channels)
        self.attention = nn.Sequential(
            nn.Linear(2 * channels, ATTENTION_HIDDEN), nn.ReLU(), nn.Linear(ATTENTION_HIDDEN, channels), nn.Sigmoid()
        )
        self.apply(_initialise)

    def recall(self, video: Tensor, encoder: nn.Module, slots: Tensor) -> Tensor:
        """Motion context (B, channels, h, w) of images (B, T, C, H, W), one query for each place of the coarse map."""
        differences = (video[:, 1:] - video[:, :-1]).transpose(1, 2)
        query = encoder(differences).squeeze(2).permute(0, 2, 3, 1)  # (B, h', w', width)
        recalled = self.memory.address(query, slots) @ slots
        return self.embedding(recalled.permute(0, 3, 1, 2))

    def roll_out(self, short: Tensor, context: Tensor, horizon: int) -> Tensor:
        """`horizon` images after those of `short` (B, S, C, H, W); each predicted one is the next input."""
        rows, seen = short.shape[:2]
        known = self.encoder(short.flatten(0, 1)).unflatten(0, (rows, seen))
        states = [State(torch.zeros_like(known[:, 0]), torch.zeros_like(known[:, 0])) for _ in self.cells]
        predicted: list[Tensor] = []
        for t in range(seen + horizon - 1):
            above = known[:, t] if t < seen else self.encoder(predicted[-1])
            for place, cell in enumerate(self.cells):
                states[place] = cell(above, states[place])
                above = states[place].output
            if t >= seen - 1:
                weights = self.attention(torch.cat([states[-1].cell, context], 1).mean((-2, -1)))
                joined = torch.cat([above, context * weights[..., None, None]], 1)
                predicted.append(self.decoder(joined))
        return torch.stack(predicted, 1)

    def loss(self, video: Tensor, point: Point, generator: torch.Generator) -> dict[str, Tensor]:
        """Mean absolute plus mean squared error of the predicted frames; odd updates are phase 1, even ones phase 2.

        During the warm-up only the first frames are predicted, the long sequence ends with them, and the squared error
        counts alone: the absolute error of something small and bright on black is least when nothing is predicted.
        """
        images = _as_images(video)
        seen = min(self.sizes.short, images.shape[1] - 1)
        warming_up = (point.update - 1) / point.updates < self.sizes.warm_up
        if warming_up:
            images = images[:, : seen + self.sizes.first_frames]
        frames = images.shape[1]
        short = images[:, :seen]
        if point.update % 2:
            length = min(self.sizes.long, frames)
            first = int(torch.randint(frames - length + 1, (1,), generator=generator))
            context = self.recall(images[:, first : first + length], self.long_encoder, self.memory.slots)
        else:
            context = self.recall(short, self.short_encoder, self.memory.slots.detach())
        difference = self.roll_out(short, context, frames - seen) - images[:, seen:]
        error = difference.square().sum((-3, -2, -1)).mean()
        absolute = torch.zeros_like(error) if warming_up else difference.abs().mean()
        return {"loss": absolute + difference.square().mean(), "error": error}

    @torch.no_grad()
    def predict(self, context: Tensor, horizon: int, samples: int, generator: torch.Generator) -> Tensor:  # noqa: ARG002
        """One future: the model is deterministic."""
        short = _as_images(context[:, -self.sizes.short :])
        recalled = self.recall(short, self.short_encoder, self.memory.slots)
        return self.roll_out(short, recalled, horizon).clamp(0, 1).permute(0, 1, 3, 4, 2)[None]


class Memory(nn.Module):
    """Rows that stand for motion contexts."""

    def __init__(self, slots: int, width: int) -> None:
        super().__init__()
        self.slots = nn.Parameter(torch.randn(slots, width))

    def address(self, query: Tensor, slots: Tensor) -> Tensor:
        """Weights (..., slots) of the rows: softmax of the cosine similarities of a query (..., width) to them."""
        return torch.softmax(functional.normalize(query, dim=-1) @ functional.normalize(slots, dim=-1).T, -1)


class State(NamedTuple):
    """Of a ConvLSTM cell, both (B, channels, h, w)."""

    output: Tensor
    cell: Tensor


class ConvLSTM(nn.Module):
    """An LSTM whose matrices are 3 x 3 convolutions (Shi et al. 2015)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)

    def forward(self, inputs: Tensor, state: State) -> State:
        gates = self.gates(torch.cat([inputs, state.output], 1)).chunk(4, 1)
        enters, stays, leaves = (torch.sigmoid(gate) for gate in gates[:3])
        cell = stays * state.cell + enters * torch.tanh(gates[3])
        return State(leaves * torch.tanh(cell), cell)


def _initialise(module: nn.Module) -> None:
    """He et al. 2015 for all convolutions, and a forget gate that is open (its bias is 1).

    With PyTorch's default a frame has hardly any influence behind a dozen convolutions: training does not start.
    """
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        inputs = module.weight[0].numel()
    elif isinstance(module, nn.ConvTranspose2d):  # so many weights meet at one pixel of its output
        inputs = module.weight[:, 0].numel() // (module.stride[0] * module.stride[1])
    elif isinstance(module, ConvLSTM):  # after its convolution
        nn.init.ones_(module.gates.bias[module.channels : 2 * module.channels])  # type: ignore[index]
        return
    else:
        return
    nn.init.normal_(module.weight, std=(2 / inputs) ** 0.5)
    assert module.bias is not None
    nn.init.zeros_(module.bias)


def _encoder(inputs: int, channels: int) -> nn.Sequential:
    """(N, C, H, W) -> (N, channels, H / 4, W / 4)."""
    half = max(1, channels // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, half, 3, stride=2, padding=1), nn.ELU(), nn.Conv2d(half, half, 3, padding=1), nn.ELU(),
        nn.Conv2d(half, channels, 3, stride=2, padding=1), nn.ELU(), nn.Conv2d(channels, channels, 3, padding=1),
        nn.ELU(),
    )  # fmt: skip


def _decoder(channels: int, outputs: int) -> nn.Sequential:
    """The way back, from the ConvLSTM's output beside the motion context."""
    half = max(1, channels // 2)
    return nn.Sequential(
        nn.ConvTranspose2d(2 * channels, channels, 3, padding=1), nn.ELU(),
        nn.ConvTranspose2d(channels, half, 3, stride=2, padding=1, output_padding=1), nn.ELU(),
        nn.ConvTranspose2d(half, half, 3, padding=1), nn.ELU(),
        nn.ConvTranspose2d(half, outputs, 3, stride=2, padding=1, output_padding=1),
    )  # fmt: skip


def _motion_encoder(inputs: int, width: int) -> nn.Sequential:
    """Frame differences (B, C, T, H, W) -> (B, width, 1, H / 16, W / 16), for any length T."""
    widths = [inputs, max(1, width // 8), max(1, width // 4), max(1, width // 2), max(1, width // 2), width, width]
    pools = [(1, 2, 2), (2, 2, 2), None, (2, 2, 2), None, (2, 2, 2)]
    parts: list[nn.Module] = []
    for (before, after), pool in zip(pairwise(widths), pools, strict=True):
        parts += [nn.Conv3d(before, after, 3, padding=1), nn.ReLU()]
        if pool is not None:
            parts.append(nn.MaxPool3d(pool, pool, ceil_mode=True))
    return nn.Sequential(*parts, nn.AdaptiveAvgPool3d((1, None, None)))


def _embedding(width: int, channels: int) -> nn.Sequential:
    """(N, width, H / 16, W / 16) -> (N, channels, H / 4, W / 4)."""
    middle = max(1, width // 2)
    return nn.Sequential(
        nn.ConvTranspose2d(width, middle, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
        nn.ConvTranspose2d(middle, channels, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
    )  # fmt: skip


def _as_images(video: Tensor) -> Tensor:
    """(B, T, H, W, C) -> (B, T, C, H, W)."""
    return video.permute(0, 1, 4, 2, 3)
