"""What a walker sees: rays against marching in small steps, heights and shades against geometry."""

import numpy as np
import pytest

from tenfold.data.generators.maze_walks import maze_walks, palettes
from tenfold.data.generators.mazes import mazes
from tenfold.data.generators.ray_casting import FADING, SIDE_SHADE, cast, views


def marched(walls: np.ndarray, origin: np.ndarray, direction: np.ndarray, step: float) -> tuple[float, tuple[int, int]]:
    """Distance at which a ray is in a wall for the first time, and which wall, in steps of `step`."""
    distances = np.arange(0, 2 * len(walls), step)
    blocks = np.floor(origin + distances[:, None] * direction).astype(int).clip(0, len(walls) - 1)
    first = walls[blocks[:, 0], blocks[:, 1]].argmax()
    return distances[first], tuple(blocks[first])


def test_rays_meet_the_wall_that_marching_along_them_meets() -> None:
    generator = np.random.default_rng(0)
    walls = mazes(generator, 5)
    maze = generator.integers(5, size=300)
    origins = 2 * generator.integers(7, size=(300, 2)) + 1 + generator.uniform(0.1, 0.9, (300, 2))
    angles = generator.uniform(0, 2 * np.pi, 300)
    directions = np.stack([np.sin(angles), np.cos(angles)], -1)
    hits = cast(walls, maze, origins, directions)
    step, same = 1e-3, 0
    for ray in range(300):
        distance, block = marched(walls[maze[ray]], origins[ray], directions[ray], step)
        assert distance - step - 1e-9 <= hits.distances[ray] <= distance + 1e-9 or block != tuple(hits.blocks[ray])
        same += block == tuple(hits.blocks[ray])
    assert same >= 297  # marching may step over a corner


@pytest.mark.parametrize(("direction", "distance", "block", "across"), [
    ((0, 1), 2.5, (1, 4), False),
    ((0, -1), 0.5, (1, 0), False),
    ((1, 0), 0.75, (2, 1), True),
    ((-1, 0), 0.25, (0, 1), True),
])  # fmt: skip
def test_rays_along_the_axes_meet_the_walls_ahead(direction, distance, block, across) -> None:
    walls = np.ones((1, 3, 5), dtype=bool)
    walls[0, 1, 1:4] = False
    hits = cast(walls, np.array([0]), np.array([[1.25, 1.5]]), np.array([direction], dtype=float))
    assert hits.distances[0] == pytest.approx(distance)
    assert tuple(hits.blocks[0]) == block
    assert hits.across[0] == across


def seen_from_the_middle_of_a_corridor(side: int = 64) -> np.ndarray:
    """A view along a corridor whose end is 4 blocks away, in a maze of one colour (200, 100, 50)."""
    walls = np.ones((1, 3, 8), dtype=bool)
    walls[0, 1, 1:6] = False
    colours = np.broadcast_to(np.array([200, 100, 50], dtype=np.uint8), (*walls.shape, 3))
    surroundings = np.array([[[0, 0, 255], [0, 255, 0]]], dtype=np.uint8)
    return views(walls, colours, surroundings, np.array([0]), np.array([[1.5, 2.0]]), np.array([0.0]), side)[0]


def test_the_end_of_a_corridor_has_the_height_that_its_distance_gives() -> None:
    middle = seen_from_the_middle_of_a_corridor()[:, 32]
    wall = (middle[:, 2] < 200) & (middle[:, 0] > 0)
    visible = 64 / (2 * np.tan(np.pi / 6) * 4)  # one block at distance 4, in pixels
    assert wall.sum() == pytest.approx(visible, abs=1)
    np.testing.assert_array_equal(middle[0], [0, 0, 255])
    np.testing.assert_array_equal(middle[-1], [0, 255, 0])
    np.testing.assert_array_equal(middle[32], np.rint(np.array([200, 100, 50]) / (1 + 4 * FADING)))


def test_a_view_along_a_corridor_is_its_own_mirror_image_and_side_walls_are_darker() -> None:
    view = seen_from_the_middle_of_a_corridor()
    np.testing.assert_array_equal(view, view[:, ::-1])
    distance = 0.5 / (np.tan(np.pi / 6) * (1 - 1 / 64))  # where the outermost ray meets the side wall
    np.testing.assert_allclose(view[32, 0], SIDE_SHADE * np.array([200, 100, 50]) / (1 + FADING * distance), atol=0.51)


def test_what_is_on_the_right_is_shown_on_the_right() -> None:
    walls = np.ones((1, 5, 5), dtype=bool)
    walls[0, 1:4, 1:4] = False
    colours = np.zeros((1, 5, 5, 3), dtype=np.uint8)
    colours[0, 4] = 200  # the wall below
    surroundings = np.zeros((1, 2, 3), dtype=np.uint8)
    at, heading = np.array([[2.5, 2.5]]), np.array([np.pi / 4])  # half to the right, half down
    seen = views(walls, colours, surroundings, np.array([0]), at, heading, 32)[0]
    assert seen[16, 24:].max() > 0
    assert seen[16, :8].max() == 0


def test_videos_are_reproducible_and_each_sequence_has_its_own_maze() -> None:
    one, two = (maze_walks(np.random.default_rng(4), 3, 8, side=16) for _ in range(2))
    np.testing.assert_array_equal(one.frames, two.frames)
    assert one.frames.shape == (3, 8, 16, 16, 3)
    assert one.frames.dtype == np.uint8
    assert (one.walls[0] != one.walls[1]).any()


def test_sky_and_floor_keep_their_colour_through_a_whole_sequence() -> None:
    videos = maze_walks(np.random.default_rng(4), 3, 60, side=32)
    for sequence in videos.frames:
        for row in (sequence[:, 0], sequence[:, -1]):  # (T, side, 3)
            colours, counts = np.unique(row.reshape(-1, 3), axis=0, return_counts=True)
            assert (row == colours[counts.argmax()]).all(-1).any(-1).mean() > 0.3


def test_a_maze_has_two_to_four_wall_colours() -> None:
    blocks, surroundings = palettes(np.random.default_rng(0), (200, 15, 15))
    numbers = [len(np.unique(maze.reshape(-1, 3), axis=0)) for maze in blocks]
    assert set(numbers) == {2, 3, 4}
    assert surroundings.shape == (200, 2, 3)
