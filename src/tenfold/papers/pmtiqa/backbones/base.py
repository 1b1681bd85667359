"""What the multi-scale module asks of a backbone: four feature maps, and their averages over windows of 7 x 7."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

WINDOW = 7
GRIDS = (8, 4, 2, 1)
"""Sides of the pooled maps for a crop of 224 x 224."""
CROP = 224


class Backbone(nn.Module):
    """A network that maps images to the outputs of its four stages."""

    channels: tuple[int, int, int, int]
    """C_1 to C_4."""

    def forward(self, images: Tensor) -> list[Tensor]:
        """F_1 to F_4 of normalized images (B, 3, 224, 224): (B, C_k, side, side) with sides 56, 28, 14 and 7."""
        raise NotImplementedError


def pooled_taps(maps: Sequence[Tensor]) -> list[Tensor]:
    """Averages of each map over windows of 7 x 7: (B, C_k, 8, 8), (.., 4, 4), (.., 2, 2), (.., 1, 1)."""
    return [functional.avg_pool2d(one, WINDOW, WINDOW) for one in maps]
