"""Moving MNIST (Srivastava et al. 2015): digits drift over a black canvas and bounce off its edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DigitVideos:
    """Sequences, which digits they show, and where."""

    frames: np.ndarray
    """(sequences, T, side, side, 1) uint8."""
    digits: np.ndarray
    """(sequences, 2) int64: places in the pool of images."""
    positions: np.ndarray
    """(sequences, T, 2, 2) float64: row and column of the upper left corner of each digit, before rounding."""


def moving_digits(
    generator: np.random.Generator,
    sequences: int,
    length: int,
    *,
    images: np.ndarray,
    side: int = 64,
    speeds: tuple[float, float] = (2.0, 5.0),
    count: int = 2,
) -> DigitVideos:
    """Sequences of `length` frames with `count` digits out of `images` (N, d, d) uint8, brighter ones in front.

    Directions and starts are uniform, speeds uniform in `speeds` (pixels a frame); bounces are elastic and nothing is
    random after the first frame. Raises ValueError when a digit does not fit on the canvas.
    """
    room = side - images.shape[1]
    if room < 1:
        raise ValueError(f"digits of {images.shape[1]} pixels do not move on a canvas of {side}")
    digits = generator.integers(len(images), size=(sequences, count))
    start = generator.uniform(0, room, (sequences, count, 2))
    angle = generator.uniform(0, 2 * np.pi, (sequences, count))
    speed = generator.uniform(*speeds, (sequences, count))
    velocity = speed[..., None] * np.stack([np.sin(angle), np.cos(angle)], -1)
    straight = start[:, None] + np.arange(length)[:, None, None] * velocity[:, None]  # (sequences, T, count, 2)
    positions = reflected(straight, room)
    return DigitVideos(_drawn(images[digits], positions, side)[..., None], digits, positions)


def reflected(straight: np.ndarray, room: float) -> np.ndarray:
    """Positions on an endless line, folded back into [0, room] at its ends."""
    lap = straight % (2 * room)
    return np.minimum(lap, 2 * room - lap)


def _drawn(images: np.ndarray, positions: np.ndarray, side: int) -> np.ndarray:
    """(sequences, T, side, side) uint8 of images (sequences, count, d, d) at positions (sequences, T, count, 2)."""
    sequences, length, count, _ = positions.shape
    size = images.shape[-1]
    canvas = np.zeros((sequences, length, side, side), dtype=np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(canvas, (size, size), axis=(2, 3), writeable=True)
    corners = np.rint(positions).astype(np.intp)
    where = np.arange(sequences)[:, None], np.arange(length)[None]
    for number in range(count):  # one after the other, because they may overlap
        place = (*where, corners[:, :, number, 0], corners[:, :, number, 1])
        windows[place] = np.maximum(windows[place], images[:, None, number])
    return canvas


def halved(images: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels: (N, d, d) uint8 -> (N, d / 2, d / 2) uint8. Raises ValueError for an odd d."""
    number, size, _ = images.shape
    if size % 2:
        raise ValueError(f"images of {size} pixels have no middle")
    blocks = images.reshape(number, size // 2, 2, size // 2, 2)
    return np.rint(blocks.mean((2, 4))).astype(np.uint8)
