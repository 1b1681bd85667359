"""The small U-shaped network for FashionScapes: one shared trunk, two heads; 34,328 parameters at width 12."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """3 x 3 convolution, batch normalization, ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class UNet(nn.Module):
    """Grey images (B, C, H, W) -> class logits (B, 7, H, W) and inverse depth (B, 1, H, W).

    `layers` names the shared convolutions from the input to the heads; everything but `heads` is shared.
    """

    layers = ("e1", "e2", "e3", "d3", "d2", "d1")
    last_shared = "d1"

    def __init__(self, channels: int = 1, classes: int = 7, width: int = 12) -> None:
        super().__init__()
        self.e1 = convolution(channels, width)
        self.e2 = convolution(width, 2 * width)
        self.e3 = convolution(2 * width, 4 * width)
        self.d3 = convolution(4 * width, 2 * width)
        self.d2 = convolution(4 * width, width)
        self.d1 = convolution(2 * width, width)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, outputs, 1))
            for outputs in (classes, 1)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        top = self.e1(images)  # (B, c, H, W)
        middle = self.e2(functional.max_pool2d(top, 2))  # (B, 2c, H/2, W/2)
        bottom = self.d3(self.e3(functional.max_pool2d(middle, 2)))  # (B, 2c, H/4, W/4)
        middle = self.d2(torch.cat([functional.interpolate(bottom, scale_factor=2.0), middle], 1))
        top = self.d1(torch.cat([functional.interpolate(middle, scale_factor=2.0), top], 1))
        return [head(top) for head in self.heads]

    def shared_names(self) -> list[str]:
        """Names of the shared parameters, in their order."""
        return [name for name, _ in self.named_parameters() if not name.startswith("heads.")]

    def watched(self) -> dict[str, str]:
        """Convolution weights under the layer's name; scale and shift of the normalization behind it beside them.

        The biases of the convolutions are left out: the normalization takes their effect away, so that their gradients
        are rounding errors, which an adaptive optimizer blows up.
        """
        parts = {"": "0.weight", " scale": "1.weight", " shift": "1.bias"}
        return {f"{layer}{label}": f"{layer}.{name}" for layer in self.layers for label, name in parts.items()}
