"""HyperIQA (Su et al., CVPR 2020): a hypernetwork on F_4 makes the weights of a small network that rates the crop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from tenfold.papers.pmtiqa.model import RESNET_WIDTHS, MultiScale

TARGET_SIZES = (224, 112, 56, 28, 14)
"""Units of the target network; a last layer leads from 14 to 1."""
MAP_SIDE = 7
PER_SCALE = 16


class HyperNetwork(nn.Module):
    """Target network 224-112-56-28-14-1 with sigmoids, its weights made anew for each crop.

    Its input is the multi-scale vector (16, 16, 16 and 176 numbers). 3 x 3 convolutions on a reduced F_4 give the
    weights: in x out / 49 channels on a grid of 7 x 7; FCs on its mean give the biases.
    """

    needs_last_map = True

    def __init__(
        self,
        channels: Sequence[int],
        classes: int,
        widths: Sequence[int] = RESNET_WIDTHS,
        reduction: Sequence[int] = (1024, 512, 112),
    ) -> None:
        """`channels` C_1 to C_4; `widths` of the multi-scale convolutions; `reduction`: of the 1 x 1 ones on F_4."""
        super().__init__()
        self.classes = classes
        rest = TARGET_SIZES[0] - 3 * PER_SCALE
        self.multi_scale = MultiScale(channels, widths, (PER_SCALE, PER_SCALE, PER_SCALE, rest))
        layers: list[nn.Module] = []
        for before, after in pairwise((channels[3], *reduction)):
            layers += [nn.Conv2d(before, after, 1), nn.ReLU()]
        self.reduction = nn.Sequential(*layers)
        wide = reduction[-1]
        steps = list(pairwise(TARGET_SIZES))
        self.weights = nn.ModuleList(nn.Conv2d(wide, i * o // MAP_SIDE**2, 3, padding=1) for i, o in steps)
        self.biases = nn.ModuleList(nn.Linear(wide, o) for _, o in steps)
        self.last_weight = nn.Linear(wide, TARGET_SIZES[-1])
        self.last_bias = nn.Linear(wide, 1)
        for layer in [*self.weights, *self.biases, self.last_weight, self.last_bias]:
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, taps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Four pooled taps and F_4 (B, C_4, 7, 7) -> q (B,), and zeros (B, C): it has no classes."""
        *pooled, last = taps
        x = self.multi_scale(pooled)[..., None]  # (B, 224, 1)
        reduced = self.reduction(last)  # (B, 112, 7, 7)
        mean = reduced.mean((2, 3))  # (B, 112)
        for weights, biases, size in zip(self.weights, self.biases, TARGET_SIZES[1:], strict=True):
            matrix = weights(reduced).reshape(len(x), size, -1)  # (B, out, in)
            x = torch.sigmoid(torch.baddbmm(biases(mean)[..., None], matrix, x))
        quality = (self.last_weight(mean) * x[..., 0]).sum(1) + self.last_bias(mean)[:, 0]
        return quality, quality.new_zeros(len(quality), self.classes)
