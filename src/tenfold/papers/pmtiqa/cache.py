"""Pooled taps of a frozen backbone, computed once: eval mode, no gradients, whole batches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from tenfold.papers.pmtiqa.backbones.base import Backbone, pooled_taps
from tenfold.papers.pmtiqa.images.crops import as_input

BATCH = 16


def cached_taps(backbone: Backbone, crops: Iterable[np.ndarray], map_crops: int = 0) -> dict[str, np.ndarray]:
    """`tap_1` to `tap_4` (N, K, C_k, g, g) float32 of N images with K crops (K, 224, 224, 3) uint8 each.

    With `map_crops` also the whole F_4 of the first so many crops, `map_4` (N, map_crops, C_4, 7, 7). The same numbers
    as the backbone gives one crop at a time, up to the rounding of sums. Raises ValueError when the images differ in
    their numbers of crops.
    """
    cache = _Cache(backbone, map_crops)
    for image in crops:
        cache.add(image)
    return cache.arrays()


class _Cache:
    """Gathers crops into whole batches, whatever their number for an image."""

    def __init__(self, backbone: Backbone, map_crops: int) -> None:
        # Channels last: half the time of a forward pass on a CPU.
        self.backbone = backbone.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.map_crops = map_crops
        self.waiting: list[tuple[np.ndarray, bool]] = []
        self.taps: list[list[np.ndarray]] = [[], [], [], []]
        self.maps: list[np.ndarray] = []
        self.sizes: list[int] = []

    def add(self, image: np.ndarray) -> None:
        self.sizes.append(len(image))
        for number, crop in enumerate(image):
            self.waiting.append((crop, number < self.map_crops))
            if len(self.waiting) == BATCH:
                self._forward()

    def _forward(self) -> None:
        with torch.inference_mode():
            found = self.backbone(as_input(np.stack([crop for crop, _ in self.waiting])))
            for kept, tap in zip(self.taps, pooled_taps(found), strict=True):
                kept.append(tap.contiguous().numpy())
            keeps = torch.tensor([keep for _, keep in self.waiting])
            if keeps.any():
                self.maps.append(found[-1][keeps].contiguous().numpy())
        self.waiting.clear()

    def arrays(self) -> dict[str, np.ndarray]:
        if self.waiting:
            self._forward()
        if len(set(self.sizes)) != 1:
            raise ValueError("every image needs the same number of crops")
        shape = (len(self.sizes), self.sizes[0])
        arrays = {
            f"tap_{number}": np.concatenate(kept).reshape(*shape, *kept[0].shape[1:])
            for number, kept in enumerate(self.taps, 1)
        }
        if self.maps:
            arrays["map_4"] = np.concatenate(self.maps).reshape(shape[0], -1, *self.maps[0].shape[1:])
        return arrays
