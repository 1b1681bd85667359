"""The moving ball: speed, walls, colours and the rates of changes that follow from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.data.generators.moving_ball import PALETTE, moving_ball

SIDE, RADIUS, SPEED = 16, 3.0, 1.5
LOW, HIGH = RADIUS, SIDE - 1 - RADIUS


def made(sequences: int = 200, length: int = 40, seed: int = 0, **changes):
    return moving_ball(np.random.default_rng(seed), sequences, length, **changes)


def at_wall(positions: np.ndarray) -> np.ndarray:
    """Whether a wall stopped the ball, (sequences, T)."""
    return ((positions == LOW) | (positions == HIGH)).any(-1)


def test_arrays_have_the_documented_shapes_and_types() -> None:
    ball = made(3, 5)
    assert (ball.frames.shape, ball.frames.dtype) == ((3, 5, 16, 16, 3), np.uint8)
    assert (ball.changes.shape, ball.changes.dtype) == ((3, 5), bool)
    assert ball.colours.shape == (3, 5)
    assert ball.positions.shape == (3, 5, 2)


def test_the_ball_moves_with_its_speed_until_a_wall_stops_it() -> None:
    ball = made()
    steps = np.linalg.norm(np.diff(ball.positions, axis=1), axis=-1)
    free = ~at_wall(ball.positions)[:, 1:]
    np.testing.assert_allclose(steps[free], SPEED, rtol=1e-12)
    assert (steps[~free] < SPEED + 1e-12).all()
    assert ball.positions.min() >= LOW
    assert ball.positions.max() <= HIGH


def test_a_wall_flips_the_component_of_the_velocity_that_met_it_and_no_other() -> None:
    positions = made().positions
    steps = np.diff(positions, axis=1)
    stopped = (positions == LOW) | (positions == HIGH)
    before, after = steps[:, :-1], steps[:, 1:]
    inner = ~stopped[:, 1:-1] & ~stopped[:, 2:]
    np.testing.assert_allclose(after[inner], before[inner], rtol=1e-9)
    bounced = stopped[:, 1:-1] & ~stopped[:, 2:]
    assert bounced.sum() > 500
    assert (np.sign(after[bounced]) == np.where(positions[:, 1:-1][bounced] == LOW, 1, -1)).all()


def test_colours_change_at_walls_only_and_to_the_next_one_of_the_palette() -> None:
    ball = made()
    walls = at_wall(ball.positions)[:, 1:]
    np.testing.assert_array_equal(ball.changes[:, 1:], walls)
    steps = np.diff(ball.colours, axis=1) % len(PALETTE)
    np.testing.assert_array_equal(steps, walls.astype(int))


def test_flags_say_where_the_shown_colour_differs_from_the_one_before() -> None:
    ball = made(100, 30, jump=0.3)
    lit = ball.frames.max((2, 3)) > 128  # (sequences, T, 3)
    differs = (lit[:, 1:] != lit[:, :-1]).any(-1)
    np.testing.assert_array_equal(ball.changes[:, 1:], differs)
    assert not ball.changes[:, 0].any()


def test_jumps_lead_to_each_other_colour_equally_often() -> None:
    ball = made(700, 40, jump=0.3)
    jumped = ball.changes[:, 1:] & ~at_wall(ball.positions)[:, 1:]
    steps = (np.diff(ball.colours, axis=1) % len(PALETTE))[jumped]
    shares = np.bincount(steps, minlength=6) / len(steps)
    assert shares[0] == 0
    np.testing.assert_allclose(shares[1:], 0.2, atol=0.02)


@pytest.mark.parametrize(("jump", "rate"), [(0.0, 0.18), (0.3, 0.42)])
def test_the_rate_of_changes_is_that_of_the_paper_card(jump: float, rate: float) -> None:
    assert made(700, 40, jump=jump).changes.mean() == pytest.approx(rate, abs=0.01)


def test_jumps_add_to_the_walls_rate_in_the_frames_that_no_wall_changed() -> None:
    ball = made(700, 40, jump=0.3)
    walls = at_wall(ball.positions)[:, 1:].mean()
    assert ball.changes[:, 1:].mean() == pytest.approx(walls + 0.3 * (1 - walls), abs=0.012)


def test_frames_show_a_soft_disc_of_a_pure_colour_at_the_position() -> None:
    ball = made(20, 10)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for sequence, frame in ((0, 0), (7, 4), (19, 9)):
        row, column = ball.positions[sequence, frame]
        distance = np.hypot(rows - row, columns - column)
        brightness = 255 / (1 + np.exp(3 * (distance - RADIUS)))
        wanted = brightness[..., None] * (PALETTE[ball.colours[sequence, frame]] / 255)
        np.testing.assert_allclose(ball.frames[sequence, frame], wanted, atol=0.51)


@given(seed=st.integers(0, 1000), side=st.integers(12, 40), speed=st.floats(0.1, 4), jump=st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_the_whole_ball_stays_in_the_frame_at_any_size_and_speed(seed, side, speed, jump) -> None:
    ball = made(5, 30, seed, side=side, speed=speed, jump=jump)
    assert ball.positions.min() >= RADIUS
    assert ball.positions.max() <= side - 1 - RADIUS
    np.testing.assert_array_equal(ball.frames.max((2, 3, 4)) > 200, True)


def test_the_same_generator_gives_the_same_videos_and_another_one_others() -> None:
    np.testing.assert_array_equal(made(5, 10).frames, made(5, 10).frames)
    assert (made(5, 10).frames != made(5, 10, seed=1).frames).any()


def test_a_ball_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs a side above 8\.5, not 8"):
        made(1, 2, side=8)
