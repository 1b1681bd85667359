"""The six distortions of CSIQ, at levels of our own choice (CSIQ's parameters are not published)."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache

import numpy as np


def awgn(image: np.ndarray, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """White Gaussian noise of this standard deviation, independent in each channel."""
    return _bytes(image + deviation * generator.standard_normal(image.shape, dtype=np.float32))


def jpeg(image: np.ndarray, quality: float, _generator: np.random.Generator) -> np.ndarray:
    """JPEG at this quality (1 to 95)."""
    return _through_codec(image, format="JPEG", quality=int(quality))


def jp2k(image: np.ndarray, rate: float, _generator: np.random.Generator) -> np.ndarray:
    """JPEG 2000, irreversible wavelets, at this compression rate."""
    return _through_codec(image, format="JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True)


def gblur(image: np.ndarray, sigma: float, _generator: np.random.Generator) -> np.ndarray:
    """Gaussian blur of this standard deviation in pixels."""
    from scipy.ndimage import gaussian_filter1d

    blurred = gaussian_filter1d(gaussian_filter1d(image.astype(np.float32), sigma, axis=0), sigma, axis=1)
    return _bytes(blurred)


def pink(image: np.ndarray, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """Noise whose amplitude falls as 1 / frequency, of this standard deviation, independent in each channel."""
    from scipy.fft import irfft2, rfft2

    height, width, channels = image.shape
    white = generator.standard_normal((channels, height, width), dtype=np.float32)
    noise = irfft2(rfft2(white) / _frequencies(height, width), s=(height, width))
    noise /= noise.std((1, 2), keepdims=True)
    return _bytes(image + deviation * noise.transpose(1, 2, 0))


def contrast(image: np.ndarray, factor: float, _generator: np.random.Generator) -> np.ndarray:
    """Every channel drawn towards its mean: mean + factor (x - mean)."""
    mean = image.mean((0, 1), keepdims=True)
    return _bytes(mean + factor * (image - mean))


DISTORTIONS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "awgn": awgn, "jpeg": jpeg, "jp2k": jp2k, "gblur": gblur, "pink": pink, "contrast": contrast,
}  # fmt: skip
"""Name -> function of an image (H, W, 3) uint8, a parameter and a generator; gives an image of the same kind."""


@lru_cache(maxsize=4)
def _frequencies(height: int, width: int) -> np.ndarray:
    """Radial frequency of each coefficient of a real transform; infinite at zero, so that the mean is removed."""
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]).astype(np.float32)
    radius[0, 0] = np.inf
    return radius


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _through_codec(image: np.ndarray, **options: object) -> np.ndarray:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, **options)  # type: ignore[arg-type]
    with Image.open(buffer) as decoded:
        return np.asarray(decoded.convert("RGB"))
