"""MTAN (Liu et al. 2019) on SegNet, the network of the paper's CityScapes experiment: 41,206,984 parameters.

A shared SegNet, and for each task attention masks that pick from its features. Of the parameters 35,163,456 in 144
tensors count as shared, among them the convolutions behind the masks; masks and heads are specific.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from tenfold.papers.adatask.networks.unet import convolution

STAGES = 5


def mask(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Attention mask: 1 x 1 convolutions down to values between 0 and 1."""
    return nn.Sequential(
        nn.Conv2d(inputs, hidden, 1), nn.BatchNorm2d(hidden), nn.ReLU(inplace=True),
        nn.Conv2d(hidden, outputs, 1), nn.BatchNorm2d(outputs), nn.Sigmoid(),
    )  # fmt: skip


def deeper(width: int, number: int) -> nn.Sequential:
    """The further convolutions of a stage, all of one width."""
    return nn.Sequential(*(convolution(width, width) for _ in range(number)))


def _masks(of_tasks: nn.ModuleList, task: int) -> nn.ModuleList:
    return cast("nn.ModuleList", of_tasks[task])


class MTAN(nn.Module):
    """Images (B, C, H, W), H and W multiples of 32 -> class logits (B, 7, H, W) and inverse depth (B, 1, H, W)."""

    last_shared = "conv_block_dec.0"

    def __init__(self, channels: int = 3, classes: int = 7, width: int = 64) -> None:
        super().__init__()
        f = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        d = [f[0], *f[:-1]]  # what decoder stage i gives
        further = [1 if stage < 2 else 2 for stage in range(STAGES)]
        outputs = (classes, 1)
        self.encoder_block = nn.ModuleList(convolution([channels, *f][i], f[i]) for i in range(STAGES))
        self.conv_block_enc = nn.ModuleList(deeper(f[i], further[i]) for i in range(STAGES))
        self.decoder_block = nn.ModuleList(convolution(f[i], d[i]) for i in range(STAGES))
        self.conv_block_dec = nn.ModuleList(deeper(d[i], further[i]) for i in range(STAGES))
        self.encoder_block_att = nn.ModuleList(convolution(f[i], [*f[1:], f[-1]][i]) for i in range(STAGES))
        self.decoder_block_att = nn.ModuleList(convolution(f[i], d[i]) for i in range(STAGES))
        self.encoder_att = nn.ModuleList(
            nn.ModuleList(mask(f[i] if i == 0 else 2 * f[i], f[i], f[i]) for i in range(STAGES)) for _ in outputs
        )
        self.decoder_att = nn.ModuleList(
            nn.ModuleList(mask(f[i] + d[i], d[i], d[i]) for i in range(STAGES)) for _ in outputs
        )
        self.pred = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, count, 1)) for count in outputs
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> list[Tensor]:
        encoded, indices, feature = [], [], images
        for block, further in zip(self.encoder_block, self.conv_block_enc, strict=True):
            first = block(feature)
            second = further(first)
            encoded.append((first, second))
            feature, places = functional.max_pool2d(second, 2, return_indices=True)
            indices.append(places)
        decoded: list[tuple[Tensor, Tensor]] = []
        for stage in reversed(range(STAGES)):
            unpooled = functional.max_unpool2d(feature, indices[stage], [2, 2])
            feature = self.conv_block_dec[stage](self.decoder_block[stage](unpooled))
            decoded.append((unpooled, feature))
        return [self._task(number, encoded, decoded) for number in range(len(self.pred))]

    def _task(self, task: int, encoded: list[tuple[Tensor, Tensor]], decoded: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The features that the task's masks let through, and its head."""
        attended: Tensor | None = None
        for stage, (first, second) in enumerate(encoded):
            seen = first if attended is None else torch.cat([first, attended], 1)
            chosen = _masks(self.encoder_att, task)[stage](seen) * second
            attended = functional.max_pool2d(self.encoder_block_att[stage](chosen), 2)
        for stage, (unpooled, feature) in zip(reversed(range(STAGES)), decoded, strict=True):
            assert attended is not None
            larger = functional.interpolate(attended, scale_factor=2.0, mode="bilinear", align_corners=True)
            larger = self.decoder_block_att[stage](larger)
            attended = _masks(self.decoder_att, task)[stage](torch.cat([unpooled, larger], 1)) * feature
        return self.pred[task](attended)

    def shared_names(self) -> list[str]:
        """Names of the shared parameters, in their order: neither heads nor masks."""
        return [name for name, _ in self.named_parameters() if "pred" not in name and "coder_att" not in name]

    def watched(self) -> dict[str, str]:
        """Weights of the shared convolutions on the main path, from the input to the heads."""
        stages = [("encoder_block", "conv_block_enc", "E", range(STAGES))]
        stages += [("decoder_block", "conv_block_dec", "D", reversed(range(STAGES)))]  # type: ignore[list-item]
        found = {}
        for first, further, letter, order in stages:
            for stage in order:
                found[f"{letter}{stage + 1}"] = f"{first}.{stage}.0.weight"
                for number in range(len(getattr(self, further)[stage])):
                    found[f"{letter}{stage + 1}.{number + 1}"] = f"{further}.{stage}.{number}.0.weight"
        return found
