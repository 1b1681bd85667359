"""Random mazes, and walks through them: the layout that `maze_walks` shows in first person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DIRECTIONS = np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])
"""Right, down, left, up as (row, column): heading k stands for an angle of k quarter turns."""

FRAMES_PER_STEP = 6
"""Frames of a walk to the next cell, and of a quarter turn."""


@dataclass(frozen=True)
class Walks:
    """Where a walker stands and looks in each frame."""

    positions: np.ndarray
    """(sequences, T, 2) float64: row and column, in blocks; block (i, j) covers [i, i + 1) x [j, j + 1)."""
    headings: np.ndarray
    """(sequences, T) float64: angle in radians, 0 along a row; quarter turns lead through DIRECTIONS."""


def mazes(generator: np.random.Generator, count: int, *, cells: int = 7, opened: float = 0.15) -> np.ndarray:
    """Walls (count, 2 cells + 1, 2 cells + 1) bool of mazes carved by a randomized depth-first search.

    Cell (i, j) is block (2 i + 1, 2 j + 1); walls and passages between cells are blocks too. Of the walls that are left
    between two neighbouring cells a share of `opened` is taken away, which makes loops.
    """
    walls = np.ones((count, 2 * cells + 1, 2 * cells + 1), dtype=bool)
    walls[:, 1::2, 1::2] = False
    starts = generator.integers(cells, size=(count, 2))
    preferences = generator.permuted(np.broadcast_to(np.arange(4), (count, cells, cells, 4)), axis=-1)
    for maze, start, preference in zip(walls, starts, preferences, strict=True):
        _carve(maze, tuple(start), preference)
    between = np.zeros(walls.shape[1:], dtype=bool)
    between[1:-1:2, 2:-1:2] = between[2:-1:2, 1:-1:2] = True
    walls &= ~(between & (generator.random(walls.shape) < opened))
    return walls


def _carve(walls: np.ndarray, start: tuple[int, int], preference: np.ndarray) -> None:
    """Open passages of one maze in place; `preference` (cells, cells, 4) is the order of directions tried from a cell.

    A search along one path at a time: it visits cells one by one.
    """
    cells = len(preference)
    orders, seen, path = preference.tolist(), {start}, [start]
    while path:
        row, column = path[-1]
        for direction in orders[row][column]:
            down, right = DIRECTIONS[direction].tolist()
            other = (row + down, column + right)
            if 0 <= other[0] < cells and 0 <= other[1] < cells and other not in seen:
                walls[2 * row + 1 + down, 2 * column + 1 + right] = False
                seen.add(other)
                path.append(other)
                break
        else:
            path.pop()


def walks(generator: np.random.Generator, walls: np.ndarray, length: int) -> Walks:
    """Walks of `length` frames through mazes (sequences, H, W).

    From a random cell, on and on to a neighbouring one: any that can be reached, with equal chances, but the one just
    left only in a dead end. The walker first turns there, the shorter way round, then walks.
    """
    sequences, rows = len(walls), np.arange(len(walls))
    cells = walls.shape[1] // 2
    cell = 2 * generator.integers(cells, size=(sequences, 2)) + 1
    heading = generator.integers(4, size=sequences)
    entered = np.zeros(sequences, dtype=bool)
    moves: list[tuple[np.ndarray, ...]] = []
    beginning = np.zeros(sequences, dtype=np.int64)
    while not moves or beginning.min(initial=length) < length:  # a move starts where the one before ended
        open_ = np.stack([~walls[rows, cell[:, 0] + down, cell[:, 1] + right] for down, right in DIRECTIONS], -1)
        back = (heading + 2) % 4
        allowed = open_.copy()
        allowed[rows, back] &= ~entered | (open_.sum(-1) == 1)
        direction = (generator.random((sequences, 4)) * allowed).argmax(-1)
        turn = (direction - heading + 1) % 4 - 1  # quarter turns: -1, 0, 1, 2
        moves.append((cell, direction, heading, turn, beginning))
        beginning = beginning + FRAMES_PER_STEP * (1 + abs(turn))
        cell, heading, entered = cell + 2 * DIRECTIONS[direction], direction, np.ones(sequences, dtype=bool)
    return _in_frames(*(np.stack(part, 1) for part in zip(*moves, strict=True)), length=length)


def _in_frames(
    at: np.ndarray, towards: np.ndarray, before: np.ndarray, turns: np.ndarray, beginnings: np.ndarray, *, length: int
) -> Walks:
    """What a walker does in each frame, from its moves: cells (S, M, 2), and (S, M) directions, turns, beginnings."""
    frames = np.arange(length)
    move = (frames[:, None] >= beginnings[:, None]).sum(-1) - 1  # (S, T)

    def now(values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, move, axis=1)

    elapsed = frames - now(beginnings)
    turned = np.minimum(elapsed / FRAMES_PER_STEP, abs(now(turns)))
    walked = np.maximum(elapsed / FRAMES_PER_STEP - abs(now(turns)), 0)
    cell = np.take_along_axis(at, move[..., None], axis=1)
    return Walks(
        positions=cell + 0.5 + 2 * walked[..., None] * DIRECTIONS[now(towards)],
        headings=np.pi / 2 * (now(before) + np.sign(now(turns)) * turned),
    )
