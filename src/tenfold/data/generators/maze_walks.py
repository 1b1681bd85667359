"""Walks through coloured mazes in first person: a stand-in for the DeepMind Lab mazes of GQN (Eslami et al. 2018).

The maze's look stays for the whole sequence, the position changes every few frames and the heading fastest. Textures,
lighting and the motion of the original are not imitated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenfold.data.generators.mazes import mazes, walks
from tenfold.data.generators.ray_casting import views

MOST_WALL_COLOURS = 4
FRAMES_AT_ONCE = 2000
"""Drawn together: bounds the memory."""


@dataclass(frozen=True)
class MazeVideos:
    """Sequences, each in a maze of its own, and the way through it."""

    frames: np.ndarray
    """(sequences, T, side, side, 3) uint8."""
    positions: np.ndarray
    """(sequences, T, 2) float64: row and column, in blocks."""
    headings: np.ndarray
    """(sequences, T) float64: radians."""
    walls: np.ndarray
    """(sequences, 2 cells + 1, 2 cells + 1) bool."""


def maze_walks(
    generator: np.random.Generator, sequences: int, length: int, *, side: int = 64, cells: int = 7
) -> MazeVideos:
    """Sequences of `length` frames of `side` x `side` pixels through mazes of `cells` x `cells` cells."""
    walls = mazes(generator, sequences, cells=cells)
    colours, surroundings = palettes(generator, walls.shape)
    way = walks(generator, walls, length)
    frames = np.empty((sequences * length, side, side, 3), dtype=np.uint8)
    maze = np.arange(sequences).repeat(length)
    positions, headings = way.positions.reshape(-1, 2), way.headings.ravel()
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        part = slice(start, start + FRAMES_AT_ONCE)
        frames[part] = views(walls, colours, surroundings, maze[part], positions[part], headings[part], side)
    return MazeVideos(frames.reshape(sequences, length, side, side, 3), way.positions, way.headings, walls)


def palettes(generator: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Colours of blocks (M, H, W, 3) uint8, two to four different ones in a maze, and of sky and floor (M, 2, 3)."""
    number = shape[0]
    hue = generator.random((number, 1)) + np.arange(MOST_WALL_COLOURS) / MOST_WALL_COLOURS  # far apart in a maze
    walls = _rgb(hue, generator.uniform(0.5, 1, hue.shape), generator.uniform(0.7, 1, hue.shape))
    kinds = generator.integers(2, MOST_WALL_COLOURS + 1, size=(number, 1, 1))
    kind = (generator.random(shape) * kinds).astype(np.int64)
    sky_and_floor = _rgb(
        generator.random((number, 2)),
        np.stack([generator.uniform(0.15, 0.5, number), generator.uniform(0.2, 0.6, number)], -1),
        np.stack([generator.uniform(0.75, 1, number), generator.uniform(0.25, 0.5, number)], -1),
    )
    return walls[np.arange(number)[:, None, None], kind], sky_and_floor


def _rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Red, green and blue (..., 3) uint8 of hues (in turns), saturations and values."""
    offset = (np.array([5, 3, 1]) + 6 * hue[..., None]) % 6
    share = np.minimum(offset, 4 - offset).clip(0, 1)
    return np.rint(255 * value[..., None] * (1 - saturation[..., None] * share)).astype(np.uint8)
