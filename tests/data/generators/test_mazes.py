"""Mazes and walks: everything can be reached, walls are never entered, and the policy of the paper card."""

from itertools import pairwise

import numpy as np
import pytest

from tenfold.data.generators.mazes import DIRECTIONS, FRAMES_PER_STEP, mazes, walks


def test_every_cell_can_be_reached_and_the_outer_walls_are_closed() -> None:
    from scipy.ndimage import label

    for walls in mazes(np.random.default_rng(0), 20):
        assert walls.shape == (15, 15)
        assert walls[[0, -1]].all()
        assert walls[:, [0, -1]].all()
        assert not walls[1::2, 1::2].any()
        assert label(~walls)[1] == 1


def test_without_opened_walls_a_maze_is_a_tree() -> None:
    walls = mazes(np.random.default_rng(0), 20, cells=6, opened=0)
    np.testing.assert_array_equal((~walls).sum((1, 2)), 36 + 35)  # cells, and one passage fewer: no loop


def test_the_share_of_opened_walls_is_as_asked() -> None:
    tree, looped = (mazes(np.random.default_rng(1), 300, opened=opened) for opened in (0, 0.15))
    between = 2 * 7 * 6 - 48  # walls between neighbouring cells that a tree leaves
    np.testing.assert_array_equal(tree & looped, looped)
    assert ((~looped).sum() - (~tree).sum()) / (300 * between) == pytest.approx(0.15, abs=0.01)


@pytest.fixture(scope="module")
def strolls():
    generator = np.random.default_rng(3)
    walls = mazes(generator, 60)
    return walls, walks(generator, walls, 200)


def test_a_walker_is_never_inside_a_wall(strolls) -> None:
    walls, way = strolls
    blocks = np.floor(way.positions).astype(int)
    assert not walls[np.arange(60)[:, None], blocks[..., 0], blocks[..., 1]].any()


def test_a_walker_keeps_to_the_middle_of_its_way(strolls) -> None:
    _, way = strolls
    off = abs((way.positions - 1.5) / 2 - np.rint((way.positions - 1.5) / 2))
    assert (off.min(-1) < 1e-9).all()  # one coordinate is that of a row or column of cells


def test_each_frame_walks_a_sixth_of_a_step_or_turns_a_sixth_of_a_quarter(strolls) -> None:
    _, way = strolls
    walked = np.linalg.norm(np.diff(way.positions, axis=1), axis=-1)
    turned = abs(np.angle(np.exp(1j * np.diff(way.headings, axis=1))))
    step, turn = 2 / FRAMES_PER_STEP, np.pi / 2 / FRAMES_PER_STEP
    walks_on, turns = np.isclose(walked, step), np.isclose(turned, turn)
    assert (walks_on ^ turns).all()
    np.testing.assert_allclose(walked[turns], 0, atol=1e-12)
    np.testing.assert_allclose(turned[walks_on], 0, atol=1e-9)


def test_a_walker_looks_where_it_goes(strolls) -> None:
    _, way = strolls
    steps = np.diff(way.positions, axis=1)
    moving = np.linalg.norm(steps, axis=-1) > 0.1
    ahead = np.stack([np.sin(way.headings), np.cos(way.headings)], -1)[:, :-1]
    np.testing.assert_allclose(ahead[moving] * 2 / FRAMES_PER_STEP, steps[moving], atol=1e-9)


def _cells(way, sequence: int) -> list[tuple[int, int]]:
    """The cells that a walk passes, one after the other."""
    cells = (way.positions[sequence] - 1.5) / 2
    whole = cells[np.isclose(cells, np.rint(cells)).all(-1)]
    passed = [tuple(np.rint(whole[0]).astype(int))]
    for cell in whole[1:]:
        if (current := tuple(np.rint(cell).astype(int))) != passed[-1]:
            passed.append(current)
    return passed


def test_a_walker_goes_back_in_dead_ends_only(strolls) -> None:
    walls, way = strolls
    returns = 0
    for sequence in range(60):
        passed = _cells(way, sequence)
        for (before, here), (_, after) in pairwise(pairwise(passed)):
            if after == before:
                row, column = 2 * here[0] + 1, 2 * here[1] + 1
                assert sum(not walls[sequence, row + down, column + right] for down, right in DIRECTIONS) == 1
                returns += 1
    assert returns > 20


def test_every_way_on_is_taken_equally_often() -> None:
    walls = np.ones((300, 7, 7), dtype=bool)
    walls[:, 1:6:2, 1:6] = walls[:, 1:6, 1:6:2] = False  # nine cells, all passages open
    way = walks(np.random.default_rng(0), walls, 100)
    turns = []
    for sequence in range(300):
        steps = np.diff(_cells(way, sequence), axis=0)
        headings = np.arctan2(steps[:, 0], steps[:, 1])
        crossings = (np.array(_cells(way, sequence)[1:-1]) == 1).all(-1)  # the cell in the middle
        turns.append(np.rint(np.diff(headings)[crossings] / (np.pi / 2)) % 4)
    shares = np.bincount(np.concatenate(turns).astype(int), minlength=4) / sum(map(len, turns))
    np.testing.assert_allclose(shares, [1 / 3, 1 / 3, 0, 1 / 3], atol=0.06)


def test_the_same_generator_gives_the_same_mazes_and_walks() -> None:
    one, two = (np.random.default_rng(8) for _ in range(2))
    walls = mazes(one, 4)
    np.testing.assert_array_equal(walls, mazes(two, 4))
    np.testing.assert_array_equal(walks(one, walls, 50).positions, walks(two, walls, 50).positions)
