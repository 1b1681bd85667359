"""Videos by the settings of a scene: what prepare stores, and what training draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from tenfold.papers.dlh.settings import MazeWalks, MovingBall, MovingDigits

Generated = MovingBall | MovingDigits | MazeWalks
Draw = Callable[[np.random.Generator, int, int], np.ndarray]
"""`(generator, sequences, length)` -> videos (sequences, length, H, W, C) uint8."""


def videos(
    scene: Generated, generator: np.random.Generator, sequences: int, length: int, digits: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """`frames` (sequences, length, H, W, C) uint8 and what is known of them, by name.

    A ball: `changes` bool, `colours`, (sequences, length) each, and `positions` (sequences, length, 2). `digits`
    (N, d, d) uint8 is the pool of images that moving digits need.
    """
    if isinstance(scene, MovingBall):
        from tenfold.data.generators.moving_ball import moving_ball

        ball = moving_ball(
            generator, sequences, length, side=scene.side, radius=scene.radius, speed=scene.speed, jump=scene.jump
        )
        return {
            "frames": ball.frames, "changes": ball.changes, "colours": ball.colours,
            "positions": ball.positions.astype(np.float32),
        }  # fmt: skip
    if isinstance(scene, MovingDigits):
        from tenfold.data.generators.moving_digits import moving_digits

        assert digits is not None
        made = moving_digits(generator, sequences, length, images=digits, side=scene.side, speeds=scene.speeds)
        return {"frames": made.frames}
    from tenfold.data.generators.maze_walks import maze_walks

    return {"frames": maze_walks(generator, sequences, length, side=scene.side, cells=scene.cells).frames}


def training_videos(arrays: Mapping[str, np.ndarray]) -> Draw:
    """How training draws videos from the arrays of prepare: pieces of stored sequences, or sequences made afresh."""
    if len(stored := arrays["train"]):
        return partial(_pieces, stored)
    scene: Any = TypeAdapter(Generated).validate_json(arrays["scene"].item())
    digits = arrays.get("digits")

    def afresh(generator: np.random.Generator, sequences: int, length: int) -> np.ndarray:
        return videos(scene, generator, sequences, length, digits)["frames"]

    return afresh


def _pieces(stored: np.ndarray, generator: np.random.Generator, sequences: int, length: int) -> np.ndarray:
    """Random pieces of random sequences. Raises ValueError when the stored ones (N, T, H, W, C) are too short."""
    if length > stored.shape[1]:
        raise ValueError(
            f"training.length is {length}, but the stored sequences have {stored.shape[1]} frames (prepare: length)"
        )
    rows = generator.integers(len(stored), size=sequences)
    starts = generator.integers(stored.shape[1] - length + 1, size=sequences)
    return stored[rows[:, None], starts[:, None] + np.arange(length)]
