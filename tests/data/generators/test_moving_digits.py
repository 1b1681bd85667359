"""Moving MNIST: straight paths, elastic bounces, the images themselves, and pools that share no image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.data.generators.moving_digits import halved, moving_digits, reflected

IMAGES = np.random.default_rng(5).integers(0, 256, size=(7, 28, 28)).astype(np.uint8)


def made(sequences: int = 50, length: int = 60, seed: int = 0, images: np.ndarray = IMAGES, **changes):
    return moving_digits(np.random.default_rng(seed), sequences, length, images=images, **changes)


def test_speeds_are_within_their_range_and_kept_between_bounces() -> None:
    positions = made(500, 40).positions
    steps = np.diff(positions, axis=1)
    apart = np.linalg.norm(steps, axis=-1)
    free = np.isclose(abs(steps[:, 1:]), abs(steps[:, :-1]), rtol=1e-9).all(-1)  # neither of two steps holds a bounce
    speeds = apart[:, 1:][free]
    assert free.mean() > 0.5
    assert speeds.min() > 2 - 1e-9
    assert speeds.max() < 5 + 1e-9
    np.testing.assert_allclose(speeds, apart[:, :-1][free])
    assert apart.max() < 5 + 1e-9


@given(start=st.floats(0, 36), velocity=st.floats(-5, 5))
@settings(max_examples=50, deadline=None)
def test_reflection_is_the_walk_that_turns_round_at_the_ends(start: float, velocity: float) -> None:
    straight = start + velocity * np.arange(60)
    position, walked = start, []
    for _ in range(60):
        walked.append(position)
        position += velocity
        if not 0 <= position <= 36:
            position = -position if position < 0 else 2 * 36 - position
            velocity = -velocity
    np.testing.assert_allclose(reflected(straight, 36), walked, atol=1e-9)


def test_frames_are_the_digits_where_they_are_and_the_brighter_one_in_front() -> None:
    videos = made(10, 15)
    for sequence, frame in ((0, 0), (3, 7), (9, 14)):
        canvas = np.zeros((64, 64), dtype=np.uint8)
        for digit, (row, column) in zip(
            videos.digits[sequence], np.rint(videos.positions[sequence, frame]).astype(int), strict=True
        ):
            part = canvas[row : row + 28, column : column + 28]
            part[:] = np.maximum(part, IMAGES[digit])
        np.testing.assert_array_equal(videos.frames[sequence, frame, :, :, 0], canvas)


def test_nothing_is_random_after_the_first_frame() -> None:
    short, long = made(5, 3), made(5, 20)
    np.testing.assert_array_equal(long.frames[:, :3], short.frames)


def test_the_same_generator_gives_the_same_videos_and_another_one_others() -> None:
    np.testing.assert_array_equal(made(5, 10).frames, made(5, 10).frames)
    assert (made(5, 10).frames != made(5, 10, seed=1).frames).any()


def test_halved_images_hold_the_means_of_their_blocks() -> None:
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    np.testing.assert_array_equal(halved(image), [[[2, 4], [10, 12]]])  # 2.5, 4.5, 10.5, 12.5, ties to even
    assert halved(IMAGES).mean() == pytest.approx(IMAGES.mean(), abs=0.1)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not move on a canvas of 28"):
        made(side=28)
    with pytest.raises(ValueError, match="have no middle"):
        halved(np.zeros((1, 3, 3), np.uint8))
