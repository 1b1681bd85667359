"""The two losses of TiCoSeRec (card, 3.4 and 3.8)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.packed import Packed

STRETCHES = (2, 4, 8, 16, 32)
"""Distances from the last position at which the sum of dot products is cut."""


def binary_cross_entropy(positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
    """Mean over positions of `-log sigmoid(positive) - log(1 - sigmoid(negative))`, of logits `(N,)` each."""
    return (functional.softplus(-positive) + functional.softplus(negative)).mean()


def nt_xent(products: torch.Tensor, temperature: float, false_negatives: torch.Tensor | None = None) -> torch.Tensor:
    """Contrastive loss of two views: cross entropy of picking the other view among the `2B - 1` others.

    `products (2B, 2B)` are the dot products of all views, first views before second ones. Logits are the products over
    `temperature`; a view is never compared with itself, nor with views that `false_negatives (2B, 2B)` marks, unless
    they are its own other view. The mean over all `2B` anchors.
    """
    views = torch.arange(len(products), device=products.device)
    other_view = views.roll(len(products) // 2)
    left_out = torch.eye(len(products), dtype=torch.bool, device=products.device)
    if false_negatives is not None:
        left_out = left_out | (false_negatives & (other_view[:, None] != views))
    logits = (products / temperature).masked_fill(left_out, float("-inf"))
    return functional.cross_entropy(logits, other_view)


def cosines(products: torch.Tensor) -> torch.Tensor:
    """Dot products `(R, R)` of vectors divided by the vectors' lengths."""
    length = products.diagonal().clamp(min=1e-24).sqrt()
    return products / (length[:, None] * length)


def dot_products(hidden: torch.Tensor, batch: Packed, first_row: int = 0) -> torch.Tensor:
    """`(R, R)`: products of the flattened outputs `z in R^{L d}` of the sequences from `first_row` on.

    `z` holds the outputs `(N, d)` of a sequence at their positions; padded and masked positions are zero. Since most of
    them are, the products are summed over stretches of positions, each over the sequences that reach into it.
    """
    first_token = int(batch.lengths[:first_row].sum())
    rows, positions = batch.rows[first_token:] - first_row, batch.positions[first_token:]
    return _DotProducts.apply(hidden[first_token:], rows, positions, len(batch.lengths) - first_row)


class _DotProducts(torch.autograd.Function):
    """Sum over stretches of `T T'`, where `T` is the table of one stretch; the gradient is `(G + G') T`."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, rows: torch.Tensor, positions: torch.Tensor, row_count: int
    ) -> torch.Tensor:
        products = hidden.new_zeros(row_count, row_count)
        stretches = _stretches(rows, positions)
        tables = [stretch.table(hidden) for stretch in stretches]
        for stretch, table in zip(stretches, tables, strict=True):
            if len(stretch.rows) == row_count:
                products.addmm_(table, table.T)
            else:
                products[stretch.rows[:, None], stretch.rows] += table @ table.T
        ctx.stretches = stretches
        ctx.save_for_backward(*tables)
        return products

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:  # type: ignore[override]
        both = gradient + gradient.T
        parts, tokens = [], []
        for stretch, table in zip(ctx.stretches, ctx.saved_tensors, strict=True):
            every_row = len(stretch.rows) == len(both)
            own = both if every_row else both[stretch.rows[:, None], stretch.rows]
            parts.append((own @ table).view(-1, table.shape[1] // stretch.width)[stretch.place])
            tokens.append(stretch.tokens)
        result = torch.cat(parts)
        return result.new_empty(result.shape).index_copy_(0, torch.cat(tokens), result), None, None, None


@dataclass(frozen=True)
class _Stretch:
    """Consecutive positions and the sequences that have a token there."""

    width: int
    tokens: torch.Tensor
    """`(n,)`: the tokens inside."""
    rows: torch.Tensor
    """`(r,)`: their sequences, ascending."""
    place: torch.Tensor
    """`(n,)`: place of each token in a table of `r` rows and `width` columns."""

    def table(self, hidden: torch.Tensor) -> torch.Tensor:
        """`(r, width * d)`: outputs at their places, zero elsewhere."""
        table = hidden.new_zeros(len(self.rows) * self.width, hidden.shape[1])
        return table.index_copy_(0, self.place, hidden[self.tokens]).view(len(self.rows), -1)


def _stretches(rows: torch.Tensor, positions: torch.Tensor) -> list[_Stretch]:
    """The positions from the last one back, cut at the limits of `STRETCHES`."""
    row, back = rows.cpu().numpy(), positions.cpu().numpy()
    back = back.max(initial=0) - back
    stretches = []
    deepest = int(back.max(initial=0))
    for start, stop in itertools.pairwise([0, *(limit for limit in STRETCHES if limit <= deepest), deepest + 1]):
        tokens = np.flatnonzero((back >= start) & (back < stop))
        if len(tokens):
            width = int(back[tokens].max()) - start + 1
            used, row_in_table = np.unique(row[tokens], return_inverse=True)
            arrays = tokens, used, row_in_table * width + back[tokens] - start
            stretches.append(_Stretch(width, *(torch.from_numpy(array).to(rows.device) for array in arrays)))
    return stretches
