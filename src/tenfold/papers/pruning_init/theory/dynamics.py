"""Masked gradient descent in two coordinate systems that give the same weights.

*Weights.* The plain one: `w <- w - rate * M * grad`.

*Span.* The gradient of a filter is a combination of the N = K + n training patches, so under its mask M a filter stays
in `w_0 + M * (alpha @ patches)`. Gradient descent on the N coefficients `alpha` needs the patches only through the Gram
matrix of the masked patches, `G = (patches * M) patches^T` (N, N), computed once: pre-activations are `z_0 + G alpha`,
and a step is `alpha <- alpha - rate * slope`. This is exact. The Gram matrix belongs to the filter and its mask and not
to the noise level, because noise patches are stored with unit variance: all L levels of a pair share it. A step costs
about N^2 reads instead of 2 d N L multiplications for each filter, so it pays when N is small against d L.

Letters: P pairs of (seed, keep rate), K classes, m filters, L levels, d coordinates, N patches.
"""

from __future__ import annotations

from typing import Literal, Protocol, Self

import torch
from torch import Tensor

Space = Literal["span", "weights"]

READS_PER_MULTIPLICATION = 20.0
"""How many multiplications of a matrix product take as long as reading one float64 from memory, on common CPUs; see
benchmarks/pruning_init.py."""


class Dynamics(Protocol):
    """Gradient descent on a position; what a position is depends on the coordinates."""

    def start(self, levels: int) -> Tensor:
        """Position of the initial weights, (P, K, m, L, width)."""

    def preactivations(self, position: Tensor) -> Tensor:
        """(P, K, m, L, N) inner products of every filter with every unit patch."""

    def descend(self, position: Tensor, slope: Tensor, factor: Tensor) -> None:
        """Subtract the masked combination of the patches with the coefficients `slope * factor`, in place.

        `slope` (P, K, m, L, N); `factor` (P, K, 1, L, N).
        """

    def weights(self, position: Tensor) -> Tensor:
        """(P, K, m, L, d) masked weights."""

    def restricted(self, pairs: Tensor) -> Self:
        """The same for some of the pairs only; `pairs` are their numbers (P',)."""


class Span:
    """Coordinates: coefficients (P, K, m, L, N) of the masked patches."""

    def __init__(self, initial: Tensor, masks: Tensor, patches: Tensor, gram: Tensor | None = None) -> None:
        """`initial` (P, K, m, d) weights that are already masked, `masks` (P, K, m, d), `patches` (P, N, d)."""
        self.initial, self.masks, self.patches = initial, masks, patches
        self.shape = initial.shape[:3]
        self.origin = initial.flatten(1, 2) @ patches.transpose(1, 2)  # (P, Km, N)
        self.gram = _gram(masks, patches) if gram is None else gram  # (P, Km, N, N)

    def start(self, levels: int) -> Tensor:
        return self.initial.new_zeros(*self.shape, levels, self.patches.shape[1])

    def preactivations(self, position: Tensor) -> Tensor:
        origin, gram = self.origin.view(-1, 1, self.origin.shape[-1]), self.gram.flatten(0, 1)
        return torch.baddbmm(origin, position.flatten(0, 2), gram).view(position.shape)

    def descend(self, position: Tensor, slope: Tensor, factor: Tensor) -> None:
        position.addcmul_(slope, factor, value=-1)

    def weights(self, position: Tensor) -> Tensor:
        moved = torch.bmm(position.flatten(1, 3), self.patches)  # (P, KmL, d)
        moved = moved.view(*position.shape[:-1], -1)
        return (self.initial.unsqueeze(3) + moved) * self.masks.unsqueeze(3)

    def restricted(self, pairs: Tensor) -> Span:
        return Span(self.initial[pairs], self.masks[pairs], self.patches[pairs], self.gram[pairs])


class Weights:
    """Coordinates: the weights (P, K, m, L, d) themselves."""

    def __init__(self, initial: Tensor, masks: Tensor, patches: Tensor) -> None:
        """As for `Span`."""
        self.initial, self.masks, self.patches = initial, masks, patches

    def start(self, levels: int) -> Tensor:
        return self.initial.unsqueeze(3).repeat(1, 1, 1, levels, 1)

    def preactivations(self, position: Tensor) -> Tensor:
        z = torch.bmm(position.flatten(1, 3), self.patches.transpose(1, 2))
        return z.view(*position.shape[:-1], -1)

    def descend(self, position: Tensor, slope: Tensor, factor: Tensor) -> None:
        moved = torch.bmm((slope * factor).flatten(1, 3), self.patches).view(position.shape)
        position.sub_(moved.mul_(self.masks.unsqueeze(3)))

    def weights(self, position: Tensor) -> Tensor:
        return position

    def restricted(self, pairs: Tensor) -> Weights:
        return Weights(self.initial[pairs], self.masks[pairs], self.patches[pairs])


def _gram(masks: Tensor, patches: Tensor) -> Tensor:
    """(P, Km, N, N) inner products of the patches under each filter's mask."""
    pairs, filters, count = len(masks), masks.shape[1] * masks.shape[2], patches.shape[1]
    gram = patches.new_empty(pairs, filters, count, count)
    for pair in range(pairs):  # the masked patches of all pairs at once would be d / N times larger than the result
        masked = patches[pair] * masks[pair].flatten(0, 1).unsqueeze(1)  # (Km, N, d)
        torch.matmul(masked, patches[pair].T, out=gram[pair])
    return gram


def cheaper_space(dimension: int, patches: int, levels: int) -> Space:
    """Where a step costs less: reads of the Gram matrix against multiplications with the patches."""
    span = READS_PER_MULTIPLICATION * patches**2
    weights = 2 * dimension * patches * levels
    return "span" if span < weights else "weights"


def bytes_of_pair(space: Space, filters: int, dimension: int, patches: int, levels: int) -> int:
    """Memory of a pair that a step runs through; `filters` counts those of all classes."""
    width = patches if space == "span" else dimension
    matrices = filters * (patches**2 if space == "span" else dimension)
    return 8 * (matrices + 3 * filters * levels * width)
