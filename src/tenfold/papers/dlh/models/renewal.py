"""When the next event comes, as a renewal process: its chance depends on the frames since the last one alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LONGEST = 64
"""Frames; longer intervals are counted as this."""
KEPT = 0.99
"""Share of the old counts that an update keeps: the intervals of the last hundred updates or so count."""
STRENGTH = 10.0
"""Frames that the overall rate counts for where an interval has hardly been seen."""


class RenewalProcess(nn.Module):
    """Counts of intervals between events, with exponential forgetting."""

    frames: Tensor
    """(LONGEST + 1,): frames seen so long after the last event."""
    events: Tensor
    """(LONGEST + 1,): those of them that were events."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("frames", torch.zeros(LONGEST + 1))
        self.register_buffer("events", torch.zeros(LONGEST + 1))

    @torch.no_grad()
    def count(self, clock: Tensor, seen: Tensor, happened: Tensor) -> None:
        """Add frames: how long after the last event (B, T), whether they count, and whether they are events."""
        places = _places(clock[seen])
        self.frames.mul_(KEPT).index_add_(0, places, torch.ones_like(self.frames[places]))
        self.events.mul_(KEPT).index_add_(0, places, happened[seen].to(self.events))

    def logit(self, clock: Tensor) -> Tensor:
        """Logit of the chance of an event so many frames after the last one."""
        rate = (self.events.sum() + 1) / (self.frames.sum() + 2)
        chances = (self.events + STRENGTH * rate) / (self.frames + STRENGTH)
        return torch.logit(chances[_places(clock)])


def _places(clock: Tensor) -> Tensor:
    return clock.long().clamp(max=LONGEST)
