"""Full-reference image quality on luma in [0, 255]: how far a distorted image is from its reference."""

from __future__ import annotations

import numpy as np

SIGMA = 1.5
RADIUS = 5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
GMSD_C = 170.0


def luma(image: np.ndarray) -> np.ndarray:
    """ITU-R BT.601 luma (H, W) float64 of an image (H, W, 3) with values in [0, 255]."""
    return image @ np.array([0.299, 0.587, 0.114])


def halved(image: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels, (H // 2, W // 2); an odd last row or column is dropped."""
    height, width = (side // 2 * 2 for side in image.shape)
    blocks = image[:height, :width].reshape(height // 2, 2, width // 2, 2)
    return blocks.mean((1, 3))


def ssim(reference: np.ndarray, distorted: np.ndarray) -> float:
    """Mean structural similarity (Wang et al. 2004, eq. 13) of two images (H, W), 11 x 11 Gaussian window, 1 is best.

    Population (co)variances; pixels whose window leaves the image do not count. Raises ValueError for different shapes
    or sides below 11.
    """
    from scipy.ndimage import correlate1d

    _same_shape(reference, distorted)
    if min(reference.shape) < 2 * RADIUS + 1:
        raise ValueError(f"images of {reference.shape} are smaller than the window of {2 * RADIUS + 1}")
    weights = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    x, y = reference.astype(np.float64), distorted.astype(np.float64)
    fields = np.stack([x, y, x * x, y * y, x * y])
    fields = correlate1d(correlate1d(fields, weights, axis=1), weights, axis=2)
    mean_x, mean_y, square_x, square_y, product = fields[:, RADIUS:-RADIUS, RADIUS:-RADIUS]
    covariance = product - mean_x * mean_y
    variances = square_x - mean_x**2 + square_y - mean_y**2
    return float(
        np.mean((2 * mean_x * mean_y + C1) * (2 * covariance + C2) / ((mean_x**2 + mean_y**2 + C1) * (variances + C2)))
    )


def gmsd(reference: np.ndarray, distorted: np.ndarray) -> float:
    """Gradient magnitude similarity deviation (Xue et al. 2014, eqs. 4-6) of two images (H, W), 0 is best.

    At half resolution; Prewitt gradients, c = 170. Raises ValueError for different shapes.
    """
    _same_shape(reference, distorted)
    one, two = (_gradient_magnitude(halved(image.astype(np.float64))) for image in (reference, distorted))
    similarity = (2 * one * two + GMSD_C) / (one**2 + two**2 + GMSD_C)
    return float(similarity.std())


def _gradient_magnitude(image: np.ndarray) -> np.ndarray:
    """Root of the squared responses to the two Prewitt filters (a third of -1 0 1 in three rows), (H, W)."""
    from scipy.ndimage import correlate1d

    across = correlate1d(correlate1d(image, [-1.0, 0.0, 1.0], axis=1, mode="constant"), [1 / 3] * 3, 0, mode="constant")
    down = correlate1d(correlate1d(image, [-1.0, 0.0, 1.0], axis=0, mode="constant"), [1 / 3] * 3, 1, mode="constant")
    return np.hypot(across, down)


def _same_shape(reference: np.ndarray, distorted: np.ndarray) -> None:
    if reference.shape != distorted.shape or reference.ndim != 2:
        raise ValueError(f"two grey images of one size are needed, not {reference.shape} and {distorted.shape}")
