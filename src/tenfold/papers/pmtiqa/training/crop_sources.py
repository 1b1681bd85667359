"""Where a single network's inputs come from: cached taps with F_4, or pixels out of which crops are cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from tenfold.errors import DataError
from tenfold.papers.pmtiqa.images.crops import as_input, crop_corners, cut
from tenfold.papers.pmtiqa.training.taps import SCALES


class CropSource(Protocol):
    """Gives K crops of each image, side by side."""

    crops: int

    def training(self, places: np.ndarray, generator: np.random.Generator) -> Tensor | list[Tensor]:
        """Inputs of the crops of images `places` (B,), B * K in the first axis."""

    def testing(self, places: np.ndarray, seed: int) -> Tensor | list[Tensor]:
        """The same for testing."""


class CachedCrops:
    """Pooled taps and F_4 of the crops that have it; the same crops for training and testing."""

    def __init__(self, data: Mapping[str, np.ndarray], device: torch.device) -> None:
        if "map_4" not in data:
            raise DataError("HyperIQA on cached taps needs F_4: set cache.map_crops in the data set's prepare settings")
        self.crops = data["map_4"].shape[1]
        arrays = [*(data[name][:, : self.crops] for name in SCALES), data["map_4"]]
        self.arrays = [torch.as_tensor(array, device=device) for array in arrays]

    def training(self, places: np.ndarray, _generator: np.random.Generator) -> list[Tensor]:
        return self.testing(places, 0)

    def testing(self, places: np.ndarray, _seed: int) -> list[Tensor]:
        return [array[torch.as_tensor(places)].flatten(0, 1) for array in self.arrays]


class PixelCrops:
    """Random crops cut anew for each visit; in training each is mirrored with probability 1/2 first."""

    def __init__(self, data: Mapping[str, np.ndarray], crops: int, device: torch.device) -> None:
        if "pixels" not in data:
            raise DataError("fine-tuning needs pixels: leave out `cache` in the data set's prepare settings")
        self.crops, self.device = crops, device
        self.sizes = data["pixel_sizes"]
        self.pixels = data["pixels"]
        self.starts = np.concatenate([[0], np.cumsum(3 * self.sizes.prod(1))])

    def image(self, place: int) -> np.ndarray:
        """Image (H, W, 3) uint8."""
        height, width = self.sizes[place]
        return self.pixels[self.starts[place] : self.starts[place + 1]].reshape(height, width, 3)

    def training(self, places: np.ndarray, generator: np.random.Generator) -> Tensor:
        crops = self._cut(places, generator)
        mirrored = generator.random(len(crops)) < 0.5
        crops[mirrored] = crops[mirrored, :, ::-1]
        return as_input(torch.as_tensor(crops).to(self.device))

    def testing(self, places: np.ndarray, seed: int) -> Tensor:
        """An image's crops lie at the same places in every epoch."""
        parts = [self._cut(np.array([place]), np.random.default_rng([seed, int(place)])) for place in places]
        return as_input(torch.as_tensor(np.concatenate(parts)).to(self.device))

    def _cut(self, places: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        images = [self.image(int(place)) for place in places]
        return np.concatenate(
            [cut(image, crop_corners(image.shape[0], image.shape[1], self.crops, generator)) for image in images]
        )
