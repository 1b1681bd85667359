"""The encoder: a linear map per time step, residual blocks of dilated convolutions, a final block to the output."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings

KERNEL = 3


class Block(nn.Module):
    """x + conv(GELU(conv(GELU(x)))), both convolutions of width 3 with one dilation; the final block projects x."""

    def __init__(self, channels: int, output: int, dilation: int, final: bool) -> None:
        super().__init__()
        self.dilation = dilation
        self.first = nn.Conv1d(channels, output, KERNEL, padding=dilation, dilation=dilation)
        self.second = nn.Conv1d(output, output, KERNEL, padding=dilation, dilation=dilation)
        self.skip = nn.Conv1d(channels, output, 1) if final else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, T) -> (B, O, T)."""
        middle = self.first(functional.gelu(x))
        return self.second(functional.gelu(middle)) + (x if self.skip is None else self.skip(x))


class Encoder(nn.Module):
    """Series (B, T) -> representations (B, T, R).

    Time steps that are NaN, and those that `keep` (B, T) leaves out, have the latent 0.
    """

    def __init__(self, settings: TS2VecSettings) -> None:
        super().__init__()
        self.settings = settings
        hidden, depth = settings.hidden, settings.depth
        self.input = nn.Linear(1, hidden)
        self.blocks = nn.ModuleList(
            [Block(hidden, hidden, 2**level, final=False) for level in range(depth)]
            + [Block(hidden, settings.output, 2**depth, final=True)]
        )
        self.dropout = nn.Dropout(settings.dropout)

    @property
    def reach(self) -> int:
        """Time steps on either side that a representation depends on."""
        return sum(2 * block.dilation for block in self.blocks)  # type: ignore[operator,misc]

    def latent(self, series: torch.Tensor, keep: torch.Tensor | None = None) -> torch.Tensor:
        """(B, T) -> (B, hidden, T): what the first block gets."""
        known = ~series.isnan()
        latent = self.input(torch.where(known, series, 0.0).unsqueeze(-1))  # (B, T, hidden)
        kept = known if keep is None else known & keep
        return (latent * kept.unsqueeze(-1)).transpose(1, 2)

    def forward(self, series: torch.Tensor, keep: torch.Tensor | None = None) -> torch.Tensor:
        x = self.latent(series, keep)
        for block in self.blocks:
            x = block(x)
        return self.dropout(x.transpose(1, 2))
