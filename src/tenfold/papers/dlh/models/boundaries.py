"""Boundaries of segments in VTA: drawn with a straight-through gradient, and a prior that bounds segments."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tenfold.papers.dlh.models.selection import bernoulli_divergence

CERTAIN = 1 - 1e-3
"""Probability of what the prior forces."""


def straight_through(logit: Tensor, temperature: float, uniform: Tensor) -> Tensor:
    """0 or 1, drawn from the Bernoulli distribution of a logit; the gradient is that of the relaxed sample.

    The binary Gumbel-softmax (concrete) distribution: sigmoid((logit + logistic noise) / temperature). `uniform` holds
    numbers in (0, 1) of the logit's shape.
    """
    noise = torch.logit(uniform, eps=1e-6)
    relaxed = torch.sigmoid((logit + noise) / temperature)
    hard = (relaxed > 0.5).to(relaxed)
    return hard.detach() + relaxed - relaxed.detach()


def bounded_prior(logit: Tensor, starts: Tensor, longest: int, most: int | None) -> Tensor:
    """Prior logits (B, T) that frame t starts a segment, overruled where the segments so far leave no choice.

    `starts` (B, T) bool are the segments' first frames (frame 0 is one). A segment of `longest` frames must end; once
    there have been `most` segments none may end, unless it is too long.
    """
    forced = math.log(CERTAIN / (1 - CERTAIN))
    frames = torch.arange(starts.shape[1], device=starts.device)
    first = torch.where(starts, frames, torch.zeros_like(frames)).cummax(1).values  # of the segment that t is in
    length = (frames + 1 - first)[:, :-1]  # of the segment so far, before each frame from the second on
    number = starts.cumsum(1)[:, :-1]
    rest = logit[:, 1:]
    if most is not None:
        rest = torch.where(number >= most, torch.full_like(rest, -forced), rest)
    rest = torch.where(length >= longest, torch.full_like(rest, forced), rest)
    return torch.cat([logit[:, :1], rest], 1)


def boundary_divergence(posterior: Tensor, prior: Tensor) -> Tensor:
    """KL of the Bernoulli distributions of two logits (B, T), in nats; the first frame is no decision and costs 0."""
    paid = bernoulli_divergence(posterior, prior)
    return torch.cat([torch.zeros_like(paid[:, :1]), paid[:, 1:]], 1)
