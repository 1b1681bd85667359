"""Rays through a grid of blocks, and the pictures that they give: a ray caster for many cameras at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FIELD_OF_VIEW = np.pi / 3
SIDE_SHADE = 0.75
"""Brightness of walls that are met along a column, relative to those met along a row."""
FADING = 0.12
"""A wall at distance d has brightness 1 / (1 + 0.12 d)."""


@dataclass(frozen=True)
class Hits:
    """What each ray meets first."""

    distances: np.ndarray
    """(N,) float64: in lengths of the ray's direction."""
    blocks: np.ndarray
    """(N, 2) int64: row and column of the wall."""
    across: np.ndarray
    """(N,) bool: met at a boundary between rows."""


def cast(walls: np.ndarray, maze: np.ndarray, origins: np.ndarray, directions: np.ndarray) -> Hits:
    """Follow rays from block to block (digital differential analysis; Amanatides and Woo 1987).

    `walls` (M, H, W) bool, closed all round; `maze` (N,) says which of them a ray is in; `origins`, `directions`
    (N, 2) in rows and columns.
    """
    blocks = np.floor(origins).astype(np.int64)
    with np.errstate(divide="ignore"):
        per_block = 1 / abs(directions)  # distance along the ray from one boundary to the next, (N, 2)
    steps = np.sign(directions).astype(np.int64)
    inside = origins - blocks
    with np.errstate(invalid="ignore"):
        following = np.where(steps > 0, 1 - inside, inside) * per_block
    following[steps == 0] = np.inf  # parallel to these boundaries
    distances, axis = np.zeros(len(origins)), np.zeros(len(origins), dtype=np.int64)
    moving = np.arange(len(origins))
    while len(moving):  # all rays that have met nothing yet go on by one block
        nearer = following[moving].argmin(-1)
        distances[moving], axis[moving] = following[moving, nearer], nearer
        blocks[moving, nearer] += steps[moving, nearer]
        following[moving, nearer] += per_block[moving, nearer]
        moving = moving[~walls[maze[moving], blocks[moving, 0], blocks[moving, 1]]]
    return Hits(distances, blocks, axis == 0)


def views(
    walls: np.ndarray, colours: np.ndarray, surroundings: np.ndarray, maze: np.ndarray,
    positions: np.ndarray, headings: np.ndarray, side: int,
) -> np.ndarray:  # fmt: skip
    """What N cameras see, (N, side, side, 3) uint8: a ray for each column, walls one block high, eyes at half of it.

    `colours` (M, H, W, 3) uint8 of the blocks, `surroundings` (M, 2, 3) uint8 of sky and floor; `positions` (N, 2),
    `headings` (N,) in radians.
    """
    number, half = len(maze), np.tan(FIELD_OF_VIEW / 2)
    screen = half * (2 * (np.arange(side) + 0.5) / side - 1)  # offsets of the columns at distance 1
    forward = np.stack([np.sin(headings), np.cos(headings)], -1)
    right = np.stack([np.cos(headings), -np.sin(headings)], -1)
    directions = forward[:, None] + screen[:, None] * right[:, None]  # (N, side, 2): length 1 along the camera's axis
    ray_maze = maze.repeat(side)
    hits = cast(walls, ray_maze, positions.repeat(side, axis=0), directions.reshape(-1, 2))
    shade = np.where(hits.across, SIDE_SHADE, 1.0) / (1 + FADING * hits.distances)
    wall = colours[ray_maze, hits.blocks[:, 0], hits.blocks[:, 1]] * shade[:, None]
    from_middle = np.arange(side) + 0.5 - side / 2
    heights = (side / (4 * half * hits.distances)).reshape(number, 1, side)  # of half a wall, in pixels
    ahead = np.where(from_middle[:, None] < 0, 0, 1)  # sky above, floor below
    seen = np.where(abs(from_middle)[:, None] < heights, 2, ahead)  # (N, side, side)
    choices = np.empty((number, 3, side, 3), dtype=np.uint8)
    choices[:, :2] = surroundings[maze][:, :, None]
    choices[:, 2] = np.rint(wall).astype(np.uint8).reshape(number, side, 3)
    return choices[np.arange(number)[:, None, None], seen, np.arange(side)]
