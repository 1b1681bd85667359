"""PSNR and SSIM of predicted videos, frame by frame, values in [0, 1]; and the best of several sampled futures.

Truth is (B, T, H, W, C), predictions have any axes before that, such as samples: (K, B, T, H, W, C).
"""

from __future__ import annotations

import numpy as np

WINDOW = 7
C1, C2 = 0.01**2, 0.03**2
LEAST_ERROR = 1e-10
"""A mean squared error below counts as this: a perfect frame has 100 dB."""


def psnr(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio (..., B, T) in dB of each frame, peak 1. Raises ValueError when shapes do not fit."""
    _check(truth, predicted)
    errors = np.empty(predicted.shape[:-3])
    for place in np.ndindex(predicted.shape[:-5]):  # a sample at a time: bounds the memory
        difference = predicted[place].astype(np.float64) - truth
        errors[place] = np.square(difference).mean((-3, -2, -1))
    return -10 * np.log10(np.maximum(errors, LEAST_ERROR))


def ssim(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Structural similarity (..., B, T) of each frame (Wang et al. 2004), mean over channels, 1 is best.

    Uniform 7 x 7 window, sample (co)variances, data range 1; pixels whose window leaves the frame do not count.
    Raises ValueError when shapes do not fit or a frame is smaller than the window.
    """
    _check(truth, predicted)
    if min(truth.shape[-3:-1]) < WINDOW:
        raise ValueError(f"frames of {truth.shape[-3]} x {truth.shape[-2]} are smaller than the window of {WINDOW}")
    sample = WINDOW**2 / (WINDOW**2 - 1)
    x = truth.astype(np.float64)
    mean_x = _window_means(x)
    variance_x = sample * (_window_means(x * x) - mean_x**2)
    values = np.empty(predicted.shape[:-3])
    for place in np.ndindex(predicted.shape[:-5]):  # a sample at a time: bounds the memory
        y = predicted[place].astype(np.float64)
        mean_y = _window_means(y)
        variance_y = sample * (_window_means(y * y) - mean_y**2)
        covariance = sample * (_window_means(x * y) - mean_x * mean_y)
        similar = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
        similar /= (mean_x**2 + mean_y**2 + C1) * (variance_x + variance_y + C2)
        values[place] = similar.mean((-3, -2, -1))
    return values


def _window_means(frames: np.ndarray) -> np.ndarray:
    """Means over 7 x 7 windows inside the frame: (..., H, W, C) -> (..., H - 6, W - 6, C)."""
    height, width = (side - WINDOW + 1 for side in frames.shape[-3:-1])
    rows = np.zeros((*frames.shape[:-3], height, *frames.shape[-2:]))
    for shift in range(WINDOW):
        rows += frames[..., shift : shift + height, :, :]
    sums = np.zeros((*rows.shape[:-2], width, rows.shape[-1]))
    for shift in range(WINDOW):
        sums += rows[..., shift : shift + width, :]
    return sums / WINDOW**2


def best_of(values: np.ndarray) -> np.ndarray:
    """Of each sequence the sample with the highest mean over time: (K, B, T) -> (B, T).

    Chosen by one metric at a time, as Denton and Fergus (2018) do: the best sample in SSIM need not be that in PSNR.
    """
    chosen = values.mean(-1).argmax(0)  # (B,)
    return values[chosen, np.arange(values.shape[1])]


def _check(truth: np.ndarray, predicted: np.ndarray) -> None:
    if truth.ndim != 5 or predicted.shape[-5:] != truth.shape:
        raise ValueError(f"truth (B, T, H, W, C) and (..., B, T, H, W, C), not {truth.shape} and {predicted.shape}")
