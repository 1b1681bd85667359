"""Statistics of natural scenes: what BRISQUE (Mittal et al. 2012) and NIQE (Mittal et al. 2013) take from an image.

Both normalize luma by its local mean and deviation (MSCN coefficients), and fit a generalized Gaussian to the
coefficients and asymmetric ones to products of neighbours, at two scales.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

FEATURES = 18
"""Of one scale: 2 of the coefficients, 4 x 4 of the products."""
SIGMA = 7 / 6
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Neighbours: to the right, below, and on the two diagonals."""


def mscn(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(x - mu) / (sigma + 1) of luma (H, W) in [0, 255], and sigma; mu and sigma under a 7 x 7 Gaussian window."""
    from scipy.ndimage import correlate1d

    weights = np.exp(-0.5 * (np.arange(-3, 4) / SIGMA) ** 2)
    weights /= weights.sum()

    def mean(values: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(values, weights, axis=0, mode="nearest"), weights, axis=1, mode="nearest")

    mu = mean(image)
    sigma = np.sqrt(np.abs(mean(image * image) - mu * mu))
    return (image - mu) / (sigma + 1), sigma


def brisque_features(image: np.ndarray) -> np.ndarray:
    """The 36 features of BRISQUE of luma (H, W).

    For scales 1 and 1/2: shape and variance of the coefficients, and shape, mean, left and right variance of each
    neighbour product.
    """
    return np.concatenate(
        [_scale_features(one[None], "variance")[0] for one in (mscn(image)[0], mscn(_half(image))[0])]
    )


def niqe_features(image: np.ndarray, patch: int) -> tuple[np.ndarray, np.ndarray]:
    """The 36 features of NIQE of each patch x patch pixels, (P, 36), and the sharpness of each patch (P,).

    Sharpness is the mean local deviation. Pixels beyond the last whole patch are left out.
    """
    height, width = (side // patch * patch for side in image.shape)
    parts = []
    coefficients, sigma = mscn(image[:height, :width])
    parts.append(_scale_features(_patches(coefficients, patch), "spread"))
    sharpness = _patches(sigma, patch).mean((1, 2))
    coefficients, _ = mscn(_half(image[:height, :width]))
    parts.append(_scale_features(_patches(coefficients, patch // 2), "spread"))
    return np.concatenate(parts, 1), sharpness


def _patches(image: np.ndarray, patch: int) -> np.ndarray:
    """(H, W) -> (P, patch, patch)."""
    rows, columns = image.shape[0] // patch, image.shape[1] // patch
    cut = image[: rows * patch, : columns * patch].reshape(rows, patch, columns, patch)
    return cut.transpose(0, 2, 1, 3).reshape(-1, patch, patch)


def _half(image: np.ndarray) -> np.ndarray:
    """Half the size, bicubic with a kernel stretched against aliasing."""
    from PIL import Image

    size = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(
        Image.fromarray(image.astype(np.float32)).resize(size, Image.Resampling.BICUBIC), dtype=np.float64
    )


def _scale_features(coefficients: np.ndarray, kind: str) -> np.ndarray:
    """Features (P, 18) of the coefficients (P, H, W).

    `kind` "variance": shape and variance of the coefficients, and variances of the sides, as BRISQUE has it; "spread":
    shape and mean spread, and spreads, as NIQE has it.
    """
    columns = []
    if kind == "variance":
        columns += list(generalized_gaussian(coefficients))
    else:
        shape, left, right = asymmetric_gaussian(coefficients)
        columns += [shape, (left + right) / 2 * _spread(shape)]
    for down, right_shift in SHIFTS:
        # The products of the pixels that have the neighbour; the authors' code wraps around the border instead.
        height, width = coefficients.shape[1:]
        first = coefficients[:, : height - down, max(0, -right_shift) : width - max(0, right_shift)]
        second = coefficients[:, down:, max(0, right_shift) : width - max(0, -right_shift)]
        shape, left, right = asymmetric_gaussian(first * second)
        spread = _spread(shape)
        mean = (right - left) * spread * _gamma(2 / shape) / _gamma(1 / shape)
        if kind == "variance":
            columns += [shape, mean, left**2, right**2]
        else:
            columns += [shape, mean, left * spread, right * spread]
    return np.stack(columns, 1)


def _gamma(values: np.ndarray) -> np.ndarray:
    from scipy.special import gamma

    return gamma(values)


def _spread(shape: np.ndarray) -> np.ndarray:
    """Scale parameter of a unit deviation: sqrt(Gamma(1 / a) / Gamma(3 / a))."""
    return np.sqrt(_gamma(1 / shape) / _gamma(3 / shape))


@lru_cache(maxsize=1)
def _ratios() -> tuple[np.ndarray, np.ndarray]:
    """Shapes 0.2, 0.201 ... 10 and Gamma(2/a)^2 / (Gamma(1/a) Gamma(3/a)), which grows with them."""
    shapes = np.arange(200, 10001) / 1000
    return shapes, _gamma(2 / shapes) ** 2 / (_gamma(1 / shapes) * _gamma(3 / shapes))


def _shape_of_ratio(ratio: np.ndarray) -> np.ndarray:
    shapes, ratios = _ratios()
    above = np.clip(np.searchsorted(ratios, ratio), 1, len(ratios) - 1)
    nearer = np.abs(ratios[above - 1] - ratio) <= np.abs(ratios[above] - ratio)
    return shapes[np.where(nearer, above - 1, above)]


def generalized_gaussian(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape and variance (P,) of a zero-mean generalized Gaussian fitted by moments to each of (P, ...)."""
    flat = values.reshape(len(values), -1)
    variance = np.maximum((flat**2).mean(1), 1e-12)
    return _shape_of_ratio(np.abs(flat).mean(1) ** 2 / variance), variance


def asymmetric_gaussian(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape, left and right deviation (P,) of an asymmetric Gaussian fitted by moments to each of (P, ...)."""
    flat = values.reshape(len(values), -1)
    squares = flat**2
    negative = flat < 0
    left = _root_mean(squares, negative)
    right = _root_mean(squares, flat > 0)
    ratio = left / right
    moments = np.abs(flat).mean(1) ** 2 / np.maximum(squares.mean(1), 1e-12)
    corrected = moments * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    return _shape_of_ratio(corrected), left, right


def _root_mean(squares: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Root of the mean of the chosen ones of each row; a tiny number where there are none."""
    return np.sqrt(np.maximum((squares * chosen).sum(1) / np.maximum(chosen.sum(1), 1), 1e-12))
