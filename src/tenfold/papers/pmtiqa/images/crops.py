"""Crops of 224 x 224: where they lie, and how they become a network's input."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.pmtiqa.backbones.base import CROP

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def crop_corners(height: int, width: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Upper left corners (count, 2), row and column, of random crops. Raises ValueError for a too small image."""
    if min(height, width) < CROP:
        raise ValueError(f"an image of {height} x {width} has no crop of {CROP} x {CROP}")
    return generator.integers(0, (height - CROP + 1, width - CROP + 1), size=(count, 2))


def cut(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Crops (count, 224, 224, 3) of an image (H, W, 3) at these corners (count, 2)."""
    return np.stack([image[row : row + CROP, column : column + CROP] for row, column in corners])


def as_input(crops: np.ndarray | Tensor) -> Tensor:
    """Crops (B, 224, 224, 3) uint8 -> (B, 3, 224, 224) float32, normalized as for ImageNet, channels last in memory."""
    pixels = torch.as_tensor(crops)
    deviation = np.array(DEVIATION, dtype=np.float32)
    scale = torch.tensor(255 * deviation, device=pixels.device)
    shift = torch.tensor(np.array(MEAN, dtype=np.float32) / deviation, device=pixels.device)
    return (pixels / scale - shift).permute(0, 3, 1, 2)
