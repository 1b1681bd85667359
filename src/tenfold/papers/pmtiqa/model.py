"""The network: a multi-scale module (MS) and progressive multi-task heads (PMT).

A projection makes a vector v of 112 numbers from what is known of a crop; the heads make a quality and the logits of
its class from v. Inputs are lists of pooled taps P_k = AvgPool_7(F_k): 1 x 1 convolution and average pooling commute,
so MS on pooled taps is MS on the maps, exactly (tests/papers/pmtiqa/test_model.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenfold.papers.pmtiqa.backbones.base import GRIDS, pooled_taps

WIDTH = 112
PER_SCALE = 28
RESNET_WIDTHS = (16, 32, 64)
TRUNK = 14
SLOPE = 0.01


class MultiScale(nn.Module):
    """MS: v = [v_1; v_2; v_3; v_4] with v_k = FC_k(flatten(AvgPool(Conv1x1_k(F_k)))), and v_4 without a convolution.

    No non-linearity and no normalization between the parts. Kaiming-normal weights.
    """

    def __init__(
        self,
        channels: Sequence[int],
        widths: Sequence[int] = RESNET_WIDTHS,
        outputs: Sequence[int] = (PER_SCALE, PER_SCALE, PER_SCALE, WIDTH - 3 * PER_SCALE),
    ) -> None:
        """`channels` C_1 to C_4; `widths` of the three convolutions; `outputs` of the four FCs."""
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Linear(c, w, bias=False) for c, w in zip(channels[:3], widths, strict=True)
        )
        sizes = [w * g * g for w, g in zip((*widths, channels[3]), GRIDS, strict=True)]
        self.layers = nn.ModuleList(nn.Linear(size, out) for size, out in zip(sizes, outputs, strict=True))
        for layer in [*self.convolutions, *self.layers]:
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Pooled taps (B, C_k, g_k, g_k) -> v (B, 112)."""
        parts = []
        for convolution, layer, tap in zip([*self.convolutions, None], self.layers, taps, strict=True):
            places = tap.flatten(2)  # (B, C_k, g^2)
            if convolution is not None:
                places = convolution(places.transpose(1, 2)).transpose(1, 2)  # (B, w_k, g^2): a 1 x 1 convolution
            parts.append(layer(places.flatten(1)))
        return torch.cat(parts, 1)

    def on_maps(self, maps: Sequence[Tensor]) -> Tensor:
        """The same written as in the paper's code, convolutions before pooling: F_k -> v (B, 112)."""
        parts = []
        for number, (layer, one) in enumerate(zip(self.layers, maps, strict=True)):
            if number < len(self.convolutions):
                one = functional.conv2d(one, _matrix(self.convolutions[number])[:, :, None, None])
            parts.append(layer(functional.avg_pool2d(one, 7, 7).flatten(1)))
        return torch.cat(parts, 1)


def _matrix(layer: nn.Module) -> Tensor:
    assert isinstance(layer, nn.Linear)
    return layer.weight


class LastStage(nn.Module):
    """Without MS: v = FC(AvgPool(F_4))."""

    def __init__(self, channels: Sequence[int], out: int = WIDTH) -> None:
        super().__init__()
        self.layer = nn.Linear(channels[-1], out)
        nn.init.kaiming_normal_(self.layer.weight)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Pooled taps, of which only the last is used -> (B, out)."""
        return self.layer(taps[-1].flatten(1))


class PooledScales(nn.Module):
    """Not the paper's module: v = FC of the spatial means of all four taps, C_1 + C_2 + C_3 + C_4 numbers."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.layer = nn.Linear(sum(channels), WIDTH)
        nn.init.kaiming_normal_(self.layer.weight)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Pooled taps (B, C_k, g_k, g_k) -> v (B, 112)."""
        return self.layer(torch.cat([tap.mean((2, 3)) for tap in taps], 1))


class Features(nn.Module):
    """For experiments on feature vectors instead of images: v = FC(x)."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.layer = nn.Linear(sum(channels), WIDTH)
        nn.init.kaiming_normal_(self.layer.weight)

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """One vector (B, D, 1, 1) -> v (B, 112)."""
        return self.layer(taps[0].flatten(1))


class MultiTaskHeads(nn.Module):
    """PMT: trunk z = LeakyReLU(W_2 LeakyReLU(W_1 v)), quality q = w . z + b, logits = W_4 LeakyReLU(W_3 z)."""

    def __init__(self, classes: int, width: int = WIDTH) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(width, width), nn.LeakyReLU(SLOPE), nn.Linear(width, TRUNK), nn.LeakyReLU(SLOPE)
        )
        self.regression = nn.Linear(TRUNK, 1)
        self.classification = nn.Sequential(nn.Linear(TRUNK, TRUNK), nn.LeakyReLU(SLOPE), nn.Linear(TRUNK, classes))

    def forward(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """V (B, 112) -> q (B,), logits (B, C)."""
        z = self.trunk(v)
        return self.regression(z)[:, 0], self.classification(z)


class QualityNetwork(nn.Module):
    """A projection of the taps and the two heads."""

    def __init__(self, projection: nn.Module, classes: int) -> None:
        super().__init__()
        self.projection = projection
        self.heads = MultiTaskHeads(classes)

    def forward(self, taps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Pooled taps -> quality (B,) in the unit of the label, logits (B, C)."""
        return self.heads(self.projection(taps))


class DirectRegression(nn.Module):
    """The baseline: a pretrained network with a single output, q = w . AvgPool(F_4) + b. It has no classes."""

    def __init__(self, channels: Sequence[int], classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(channels[-1], 1)
        self.classes = classes

    def forward(self, taps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Pooled taps -> q (B,), and zeros (B, C) in the place of logits."""
        last = taps[-1].flatten(1)
        return self.layer(last)[:, 0], last.new_zeros(len(last), self.classes)


def network(projection: str, channels: Sequence[int], widths: Sequence[int], classes: int) -> nn.Module:
    """The network with the named projection: multi-scale, last-stage, pooled-scales, features, or direct."""
    if projection == "multi-scale":
        return QualityNetwork(MultiScale(channels, widths), classes)
    if projection == "direct":
        return DirectRegression(channels, classes)
    kinds = {"last-stage": LastStage, "pooled-scales": PooledScales, "features": Features}
    return QualityNetwork(kinds[projection](channels), classes)


class FineTuned(nn.Module):
    """A backbone and a head on its taps, trained together."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Crops (B, 3, 224, 224), normalized -> quality (B,), logits (B, C)."""
        maps = self.backbone(images)
        if getattr(self.head, "needs_last_map", False):
            return self.head([*pooled_taps(maps), maps[-1]])
        return self.head(pooled_taps(maps))
