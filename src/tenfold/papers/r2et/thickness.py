"""Explanation ranking thickness: how much of the way to a perturbed input a feature stays above another.

Theta(f, x, D, i, j) = E_{x' ~ D} int_0^1 1[h(x(t), i, j) >= 0] dt,   h(x, i, j) = |I_i(x)| - |I_j(x)|,
x(t) = (1 - t) x + t x',
Theta(f, x, D, k) = mean over i in the top k at x and j outside of Theta(f, x, D, i, j).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from tenfold.papers.r2et.ranking import ranked

MOST_VALUES = 1 << 22
"""Inputs held at once while paths are walked, in numbers: 16 MB of single precision."""


def ordered_share(clean: Tensor, along: Tensor, k: int) -> Tensor:
    """Share of the k (n - k) pairs in clean order, importances `along` (..., n) where `clean` (..., n) has the top k.

    Counting, for each top feature, the others that are not above it takes a sort, not a comparison of all pairs.
    """
    order = ranked(clean).expand(along.shape)
    in_order = along.gather(-1, order)
    others = in_order[..., k:].sort(dim=-1).values
    not_above = torch.searchsorted(others.contiguous(), in_order[..., :k].contiguous(), right=True)
    return not_above.to(along).mean(-1) / others.shape[-1]


def pair_ordered(clean: Tensor, along: Tensor, upper: int, lower: int) -> Tensor:
    """1[h >= 0] for the pair at two positions of the clean order: bool (...)."""
    order = ranked(clean).expand(along.shape)
    return (
        along.gather(-1, order[..., upper : upper + 1])[..., 0]
        >= along.gather(-1, order[..., lower : lower + 1])[..., 0]
    )


def midpoints(count: int) -> Tensor:
    """Grid (count,) on (0, 1): the middle of each of `count` equal parts."""
    return (torch.arange(count) + 0.5) / count


def nonnegative_share(start: Tensor, end: Tensor) -> Tensor:
    """int_0^1 1[h(t) >= 0] dt exactly, for a gap that is linear in t, from its values at t = 0 and t = 1.

    The saliency of a quadratic score is linear along a path.
    """
    low, high = torch.minimum(start, end), torch.maximum(start, end)
    span = torch.where(high > low, high - low, torch.ones_like(high))
    return torch.where(low >= 0, 1.0, torch.where(high < 0, 0.0, high / span))


def path_share(gaps: Tensor) -> Tensor:
    """Share of a path on which a gap is >= 0, from its values (..., T) at equal distances, linear in between."""
    return nonnegative_share(gaps[..., :-1], gaps[..., 1:]).mean(-1)


def ball(count: int, shape: tuple[int, ...], radius: float, generator: torch.Generator) -> Tensor:
    """`count` offsets (count, *shape), uniform in the l2 ball."""
    directions = torch.randn((count, *shape), generator=generator).flatten(1)
    lengths = torch.rand((count, 1), generator=generator) ** (1 / directions.shape[1])
    return (radius * lengths * directions / directions.norm(dim=1, keepdim=True)).reshape(count, *shape)


def sphere(count: int, shape: tuple[int, ...], radius: float, generator: torch.Generator) -> Tensor:
    """`count` offsets (count, *shape), uniform on the l2 sphere."""
    directions = torch.randn((count, *shape), generator=generator).flatten(1)
    return (radius * directions / directions.norm(dim=1, keepdim=True)).reshape(count, *shape)


def points_on_paths(x: Tensor, ends: Tensor, grid: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Points x(t) of all paths, some samples at a time: the samples (a slice of B) and (M, b, P, T, *shape).

    x (M, B, *shape), ends (M, B, P, *shape), grid (T,).
    """
    each = ends.shape[0] * ends.shape[2] * len(grid) * x[0, 0].numel()
    together = max(1, MOST_VALUES // each)
    times = grid.to(x).reshape(1, 1, 1, -1, *[1] * (x.ndim - 2))
    for first in range(0, x.shape[1], together):  # in pieces, so that memory stays bounded
        chosen = slice(first, first + together)
        start = x[:, chosen, None, None]
        yield chosen, start + times * (ends[:, chosen, :, None] - start)


# ------------------------------------------------------------------------------------------ first-order bounds


def relaxed_lower_bound(gap: Tensor, row_distance: Tensor, radius: float) -> Tensor:
    """Lower bound, to first order, of the mean of h along any path that ends within `radius`.

    `gap` is h(x, i, j), `row_distance` is ||s_i H_i - s_j H_j||_2 of the Hessian's rows with the signs of I_i, I_j.
    """
    return gap - radius / 2 * row_distance


def relaxed_upper_bound(gap: Tensor, first_lipschitz: Tensor, second_lipschitz: Tensor, radius: float) -> Tensor:
    """Upper bound of the mean of h along any path within `radius`; the constants bound ||H_i|| and ||H_j|| there."""
    return gap + radius * (first_lipschitz + second_lipschitz)


def gap_lower_bound(gap: Tensor, row_distance: Tensor, radius: float) -> Tensor:
    """Lower bound, to first order, of h anywhere within `radius`; exact for a quadratic score that keeps its signs."""
    return gap - radius * row_distance


def signed_row_distance(hessian: Tensor, gradients: Tensor, upper: int, lower: int) -> Tensor:
    """||s_i H_i - s_j H_j||_2 for features i and j: hessian (..., n, n), gradients (..., n)."""
    rows = gradients.sign().unsqueeze(-1) * hessian
    return (rows[..., upper, :] - rows[..., lower, :]).norm(dim=-1)
