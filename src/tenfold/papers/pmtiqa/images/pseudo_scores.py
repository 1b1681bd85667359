"""Pseudo-scores: what stands for human opinion on generated images. A model that fits them fits three formulas."""

from __future__ import annotations

import numpy as np

from tenfold.metrics.correlation import average_ranks
from tenfold.metrics.image_quality import gmsd, halved, luma, ssim


def full_reference(reference: np.ndarray, distorted: np.ndarray) -> np.ndarray:
    """(3,) of 1 - SSIM at half resolution, 1 - SSIM, and GMSD, on luma; 0 is best. Images (H, W, 3) uint8.

    Half resolution drops an odd last row or column.
    """
    one, two = luma(reference), luma(distorted)
    return np.array([1 - ssim(halved(one), halved(two)), 1 - ssim(one, two), gmsd(one, two)])


def pseudo_dmos(distances: np.ndarray, noise: float, generator: np.random.Generator) -> np.ndarray:
    """Pseudo-DMOS (N,) in [0, 100], higher is worse, of the distances (N, 3).

    100 x the mean of the three columns, each replaced by its ranks in [0, 1], plus N(0, noise^2) for the raters,
    clipped.
    """
    count = len(distances)
    shares = np.stack([(average_ranks(column) - 1) / (count - 1) for column in distances.T])
    return np.clip(100 * shares.mean(0) + noise * generator.standard_normal(count), 0, 100)
