"""Signal-and-noise data (section 3.1 of the card).

An example has two patches: the signal of its class and a noise patch. Noise is stored with unit variance, so that the
same draw serves every noise level: cells of the phase diagram are then paired.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Layout = Literal["onehot", "sign"]

LABELS, NOISE, TEST_NOISE = range(3)
"""Streams of random numbers of one seed."""


def signal_directions(layout: Layout, classes: int, dimension: int) -> np.ndarray:
    """Unit signals (K, d): e_1..e_K, or +e_1 and -e_1."""
    directions = np.zeros((classes, dimension))
    if layout == "sign":
        directions[0, 0], directions[1, 0] = 1.0, -1.0
    else:
        directions[np.arange(classes), np.arange(classes)] = 1.0
    return directions


def signal_coordinates(directions: np.ndarray) -> np.ndarray:
    """Which coordinates (d,) carry a signal."""
    return (directions != 0).any(axis=0)


def labels(seed: int, examples: int, classes: int, draw: Literal["uniform", "balanced"] = "uniform") -> np.ndarray:
    """Labels (n,) int64: uniform on 0..K-1, or equally many of each (up to one) in random order."""
    generator = np.random.default_rng([seed, LABELS])
    if draw == "uniform":
        return generator.integers(classes, size=examples)
    return generator.permutation(np.arange(examples) % classes)


def unit_noise(seed: int, count: int, directions: np.ndarray, *, stream: int, off_signal: bool) -> np.ndarray:
    """Noise patches (count, d) float32 with covariance I, or I less the projection on the signals' coordinates."""
    noise = np.random.default_rng([seed, stream]).standard_normal((count, directions.shape[1]), dtype=np.float32)
    if off_signal:
        noise[:, signal_coordinates(directions)] = 0.0
    return noise
