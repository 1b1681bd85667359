"""Augmentation of CityScapes as for MTAN: a random crop seen from nearer, and mirroring."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SCALES = (1.0, 1.2, 1.5)


def augmented(
    images: Tensor, classes: Tensor, depth: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Each of `images` (B, C, H, W), `classes` and `depth` (B, H, W): a crop of size 1/s, resized back, half mirrored.

    Images are resized bilinearly with aligned corners, labels and depth by the nearest pixel. What is s times as near
    has its inverse depth divided by s, as the authors' code has it.
    """
    height, width = images.shape[-2:]
    made = []
    for image, label, inverse in zip(images, classes, depth, strict=True):  # each crop has a size of its own
        scale = SCALES[int(torch.randint(len(SCALES), (), generator=generator))]
        rows, columns = int(height / scale), int(width / scale)
        top = int(torch.randint(height - rows + 1, (), generator=generator))
        left = int(torch.randint(width - columns + 1, (), generator=generator))
        window = (slice(top, top + rows), slice(left, left + columns))
        target = (height, width)
        one = functional.interpolate(
            image[None, :, window[0], window[1]], size=target, mode="bilinear", align_corners=True
        )[0]
        two = functional.interpolate(label[window][None, None].float(), size=target, mode="nearest")[0, 0].long()
        three = functional.interpolate(inverse[window][None, None], size=target, mode="nearest")[0, 0] / scale
        if torch.rand((), generator=generator) < 0.5:
            one, two, three = one.flip(-1), two.flip(-1), three.flip(-1)
        made.append((one, two, three))
    return tuple(torch.stack(parts) for parts in zip(*made, strict=True))  # type: ignore[return-value]
