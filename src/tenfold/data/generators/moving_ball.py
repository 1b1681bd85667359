"""Moving Ball (Zakharov et al. 2022): a ball bounces off the walls and changes colour where it does, or by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PALETTE = np.array([[255, 0, 0], [255, 255, 0], [0, 255, 0], [0, 255, 255], [0, 0, 255], [255, 0, 255]], dtype=np.uint8)
"""Red, yellow, green, cyan, blue, magenta: (6, 3), in the order in which a wall changes them."""

SHARPNESS = 3.0
"""Of the ball's edge: brightness sigmoid(3 (radius - distance))."""


@dataclass(frozen=True)
class BallVideos:
    """Sequences and what happens in them; nothing has changed at the first frame."""

    frames: np.ndarray
    """(sequences, T, side, side, 3) uint8 on black."""
    changes: np.ndarray
    """(sequences, T) bool: the colour differs from that of the frame before."""
    colours: np.ndarray
    """(sequences, T) int64: places in PALETTE."""
    positions: np.ndarray
    """(sequences, T, 2) float64: row and column of the centre, in pixels; pixel centres are whole numbers."""


def moving_ball(
    generator: np.random.Generator,
    sequences: int,
    length: int,
    *,
    side: int = 16,
    radius: float = 3.0,
    speed: float = 1.5,
    jump: float = 0.0,
) -> BallVideos:
    """Sequences of `length` frames. `speed` in pixels a frame; `jump` is lambda, the chance of a colour by chance.

    Start and direction are uniform. At a wall the component of the velocity flips, the position is clamped and the
    colour steps to the next of the palette; elsewhere it jumps with probability `jump` to another, uniformly.
    Raises ValueError when the ball does not fit between the walls, or could cross them in one frame.
    """
    low, high = radius, side - 1 - radius
    if high - low < speed:
        raise ValueError(
            f"a ball of radius {radius:g} and speed {speed:g} needs a side above {2 * radius + speed + 1:g}, not {side}"
        )
    positions = np.empty((sequences, length, 2))
    colours = np.empty((sequences, length), dtype=np.int64)
    positions[:, 0] = generator.uniform(low, high, (sequences, 2))
    colours[:, 0] = generator.integers(len(PALETTE), size=sequences)
    angle = generator.uniform(0, 2 * np.pi, sequences)
    velocity = speed * np.stack([np.sin(angle), np.cos(angle)], -1)
    jumps = generator.random((sequences, length)) < jump
    others = generator.integers(1, len(PALETTE), size=(sequences, length))
    for t in range(1, length):  # where the ball is clamped depends on where it was
        moved = positions[:, t - 1] + velocity
        positions[:, t] = moved.clip(low, high)
        hit = moved != positions[:, t]
        velocity = np.where(hit, -velocity, velocity)
        steps = np.where(hit.any(-1), 1, jumps[:, t] * others[:, t])
        colours[:, t] = (colours[:, t - 1] + steps) % len(PALETTE)
    changes = np.zeros((sequences, length), dtype=bool)
    changes[:, 1:] = colours[:, 1:] != colours[:, :-1]
    return BallVideos(_drawn(positions, colours, side, radius), changes, colours, positions)


def _drawn(positions: np.ndarray, colours: np.ndarray, side: int, radius: float) -> np.ndarray:
    """(sequences, T, side, side, 3) uint8."""
    offsets = (np.arange(side) - positions[..., None]).astype(np.float32) ** 2  # (sequences, T, 2, side)
    distances = np.sqrt(offsets[:, :, 0, :, None] + offsets[:, :, 1, None, :])
    beyond = np.minimum(SHARPNESS * (distances - np.float32(radius)), 80)  # darker than a byte can tell
    brightness = 1 / (1 + np.exp(beyond))
    ball = np.rint(255 * brightness).astype(np.uint8)
    lit = PALETTE[colours] // 255  # (sequences, T, 3) of 0 and 1
    return ball[..., None] * lit[:, :, None, None, :]
