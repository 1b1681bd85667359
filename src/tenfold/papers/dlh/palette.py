"""How pure the colour of a predicted ball is (claim C5)."""

from __future__ import annotations

import numpy as np

from tenfold.data.generators.moving_ball import PALETTE

BRIGHT = 0.5
"""Pixels whose largest channel is above belong to the ball."""


def palette_distance(frames: np.ndarray) -> np.ndarray:
    """Euclidean distance of the ball's mean colour to the nearest one of the palette: (..., H, W, 3) -> (...).

    Values in [0, 1]. Not a number where no pixel is bright enough to belong to a ball.
    """
    ball = (frames.max(-1, keepdims=True) > BRIGHT).astype(frames.dtype)
    count = ball.sum((-3, -2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (frames * ball).sum((-3, -2)) / count
    palette = PALETTE.astype(np.float64) / 255
    return np.sqrt(np.square(mean[..., None, :] - palette).sum(-1)).min(-1)
