"""Spectral residual: what the log spectrum of a series has beyond its own average, brought back to the time domain.

Ren et al., Time-Series Anomaly Detection Service at Microsoft, KDD 2019. Averages are causal: of the last n values, of
all so far at the start.
"""

from __future__ import annotations

import numpy as np

FLOOR = 1e-8
ROUNDING = 1e-10
EXTENSION = 5
"""Copies of the estimated next point, without which the last point would always stand out."""


def score(values: np.ndarray, *, spectrum_window: int = 200, saliency_window: int = 10) -> np.ndarray:
    """As LEIAD's library has it: |S - h_z(S)| / h_z(S) of the saliency S (n,), unscaled."""
    return _ratio(saliency(values, spectrum_window), saliency_window)


def score_of_microsoft(values: np.ndarray, *, spectrum_window: int = 3, saliency_window: int = 40) -> np.ndarray:
    """As Microsoft publishes it: a tenth of that ratio, clipped to [0, 1]; its threshold is 0.3."""
    return np.clip(_ratio(saliency(values, spectrum_window), saliency_window) / 10, 0.0, 1.0)


def saliency(values: np.ndarray, spectrum_window: int) -> np.ndarray:
    """S = |IFFT(f R / A)| (n,) with f = FFT of the extended series, A = |f|, R = exp(log A - h_q(log A))."""
    series = np.concatenate([values, np.full(EXTENSION, next_value(values))])
    f = np.fft.fft(series)
    amplitude = np.abs(f)
    tiny = amplitude <= FLOOR
    log = np.where(tiny, 0.0, np.log(np.maximum(amplitude, FLOOR)))
    residual = np.exp(log - running_mean(log, spectrum_window))
    f = np.where(tiny, 0.0, f * residual / np.maximum(amplitude, FLOOR))
    return np.abs(np.fft.ifft(f))[: len(values)]


def next_value(values: np.ndarray) -> float:
    """Estimate of the point after next from w = x[-7 .. -2]: w[1] + the sum of the slopes from w[i] to w[5], i < 5."""
    w = values[-7:-1]
    if len(w) < 6:
        return float(values[-1])  # too short for slopes
    return float(w[1] + ((w[5] - w[:5]) / (5 - np.arange(5))).sum())


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """h_n: mean of the last `window` values, (n,)."""
    total = np.cumsum(values)
    total[window:] -= total[:-window].copy()
    return total / np.minimum(np.arange(1, len(values) + 1), window)


def _ratio(saliency_map: np.ndarray, window: int) -> np.ndarray:
    average = running_mean(saliency_map, window)
    ratio = np.abs(saliency_map - average) / np.maximum(average, FLOOR)
    return np.where(ratio > ROUNDING, ratio, 0.0)
