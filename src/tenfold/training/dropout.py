"""Dropout that is not the most expensive part of a small model."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

LEVELS = 2**16


class Dropout(nn.Module):
    """Inverted dropout with 16 random bits per element on the CPU.

    PyTorch draws one Bernoulli variable after the other there (about 15 ns each, more than the matrix products of these
    encoders); four elements share one 64-bit draw here. The rate is rounded to a multiple of 2^-16, and the scale is
    that of the rounded rate, so the expectation is exact. On other devices it is PyTorch's dropout.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self._dropped_levels = round(rate * LEVELS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self._dropped_levels == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.rate)
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        levels = words.view(torch.int16)[: x.numel()].view(x.shape)  # uniform in -2^15..2^15-1
        # In place on floats: comparisons that give booleans, and arithmetic with them, are several times slower.
        kept = levels.to(x.dtype).ge_(self._dropped_levels - LEVELS // 2)
        return x * kept.mul_(LEVELS / (LEVELS - self._dropped_levels))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
