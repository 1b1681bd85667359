"""A small network of random weights: proves the plumbing where no pretrained weights are at hand."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from tenfold.papers.pmtiqa.backbones.base import Backbone


class SmallBackbone(Backbone):
    """Three convolutions at strides 4, 8 and 16, and F_4 as averages of F_3 over 2 x 2."""

    channels = (4, 6, 8, 8)

    def __init__(self) -> None:
        super().__init__()
        first, second, third, _ = self.channels
        self.first = nn.Conv2d(3, first, 4, 4)
        self.second = nn.Conv2d(first, second, 2, 2)
        self.third = nn.Conv2d(second, third, 2, 2)

    def forward(self, images: Tensor) -> list[Tensor]:
        one = functional.relu(self.first(images))  # (B, 4, 56, 56)
        two = functional.relu(self.second(one))  # (B, 6, 28, 28)
        three = functional.relu(self.third(two))  # (B, 8, 14, 14)
        return [one, two, three, functional.avg_pool2d(three, 2)]
