"""LEIAD's representation of a point: what the encoder gives there with the point's latent masked, less what it gives
without (card 3.2).

`windowed` is how it is published: two passes over the 2p + 1 points around every single point. `exact` masks the point
in its whole series, and follows only what that changes. The masked latent changes x[t] alone; a block of dilation d
then changes its output at most 2d further away. But the output at t depends on the output of that block only at
multiples of 2d from t, for all later dilations are multiples of 2d, and everything up to this block together reaches
less than 2 (2d) away. So of all that has changed only t - 2d, t and t + 2d still matter, after every block, and
all points can be followed at once, with 8/3 the multiplications of a plain pass, whatever the reach of the encoder.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from tenfold.papers.leiad.ts2vec.encoder import Block, Encoder

Changes = dict[int, torch.Tensor]
"""Offset k (in dilations) -> change (n, C) at the place t + k d that masking t brings; 0 where that is no place."""


@torch.no_grad()
def exact(encoder: Encoder, series: torch.Tensor) -> torch.Tensor:
    """Representations (n, R) of all points of a series (n,) without NaN."""
    x = encoder.latent(series.unsqueeze(0))  # (1, hidden, n), nothing masked
    changes: Changes = {0: -x[0].T}
    for block in encoder.blocks:
        assert isinstance(block, Block)
        changes = _through(block, x, changes)
        x = block(x)
    return changes[0]


def _through(block: Block, x: torch.Tensor, changes: Changes) -> Changes:
    """Changes of a block's output, by offsets in units of the next dilation, from those of its input x (1, C, n)."""
    first, second, dilation = block.first, block.second, block.dilation
    active = functional.gelu(x)
    middle = first(active)[0].T  # (n, O)
    before = _activated(changes, x[0].T, dilation)
    # The middle of the block changes at t - 2d .. t + 2d; its output matters at t - 2d, t, t + 2d, the final one at t.
    wanted = (0,) if block.skip is not None else (-2, 0, 2)
    needed = sorted({offset + tap for offset in wanted for tap in (-1, 0, 1)} & {-2, -1, 0, 1, 2})
    inside = _activated(_convolved(first, before, needed), middle, dilation)
    found = _convolved(second, inside, wanted)
    unchanged = torch.zeros_like(middle)
    output = {offset // 2: _at_places(found.get(offset, unchanged), offset * dilation) for offset in wanted}
    output[0] = output[0] + (changes[0] if block.skip is None else changes[0] @ block.skip.weight[:, :, 0].T)
    return output


def _activated(changes: Changes, values: torch.Tensor, dilation: int) -> Changes:
    """GELU(v + change) - GELU(v) of values (n, C) at each offset, 0 beyond the ends."""
    return {offset: _activated_at(change, values, offset * dilation) for offset, change in changes.items()}


def _activated_at(change: torch.Tensor, values: torch.Tensor, shift: int) -> torch.Tensor:
    found = torch.zeros_like(change)
    places, there = _overlap(len(values), shift)
    found[places] = functional.gelu(values[there] + change[places]) - functional.gelu(values[there])
    return found


def _at_places(change: torch.Tensor, shift: int) -> torch.Tensor:
    """The change with 0 where t + shift is no place of the series."""
    if shift == 0:
        return change
    found = torch.zeros_like(change)
    places, _ = _overlap(len(change), shift)
    found[places] = change[places]
    return found


def _convolved(layer: torch.nn.Conv1d, changes: Changes, offsets: tuple[int, ...] | list[int]) -> Changes:
    """What the changes of a convolution's input bring at the offsets; without the bias, which cancels."""
    found = {}
    for offset in offsets:
        taps = [tap for tap in (-1, 0, 1) if offset + tap in changes]
        if taps:
            inputs = torch.cat([changes[offset + tap] for tap in taps], dim=1)
            weights = torch.cat([layer.weight[:, :, tap + 1] for tap in taps], dim=1)
            found[offset] = inputs @ weights.T
    return found


def _overlap(length: int, shift: int) -> tuple[slice, slice]:
    """Places t with t + shift in the series, and those places t + shift."""
    start, stop = min(length, max(0, -shift)), max(0, min(length, length - shift))
    return slice(start, max(start, stop)), slice(start + shift, max(start, stop) + shift)


@torch.no_grad()
def windowed(encoder: Encoder, series: torch.Tensor, padding: int, batch: int = 512) -> torch.Tensor:
    """Representations (n, R) of all points of a series (n,) from the window t - padding .. t + padding of each."""
    keep = torch.ones(2 * padding + 1, dtype=torch.bool, device=series.device)
    keep[padding] = False
    padded = functional.pad(series, (padding, padding), value=torch.nan)
    windows = padded.unfold(0, 2 * padding + 1, 1)  # (n, 2 padding + 1), a view
    return torch.cat(
        [at_middle(encoder, part, keep.expand_as(part)) - at_middle(encoder, part) for part in windows.split(batch)]
    )


def at_middle(encoder: Encoder, windows: torch.Tensor, keep: torch.Tensor | None = None) -> torch.Tensor:
    """What the encoder gives at the middle of windows (B, 2p + 1), (B, R).

    After a block of dilation d the middle depends only on every 2d-th place. So every block sees the places that are
    left as neighbours, and every other one goes: a thirteenth of the work for the published encoder.
    """
    x, middle = encoder.latent(windows, keep), windows.shape[1] // 2
    for block in encoder.blocks:
        assert isinstance(block, Block)
        inside = functional.conv1d(functional.gelu(x), block.first.weight, block.first.bias, padding=1)
        output = functional.conv1d(functional.gelu(inside), block.second.weight, block.second.bias, padding=1)
        x = output + (x if block.skip is None else block.skip(x))
        x, middle = x[:, :, middle % 2 :: 2], middle // 2
    return x[:, :, middle]
