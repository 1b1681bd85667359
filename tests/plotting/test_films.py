"""Films: what a viewer sees in each frame, and bytes that stay the same."""

import io

import numpy as np
import pytest
from PIL import Image

from tenfold.plotting.films import GAP, TEXT_HEIGHT, gif, side_by_side


def balls(seed: int, length: int = 12, side: int = 16) -> np.ndarray:
    """A coloured square that moves, (T, side, side, 3) in [0, 1]."""
    video = np.zeros((length, side, side, 3))
    for t in range(length):
        video[t, t : t + 4, 3:7, (seed + t // 4) % 3] = 1
    return video


def opened(content: bytes) -> tuple[Image.Image, list[np.ndarray]]:
    image = Image.open(io.BytesIO(content))
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(np.asarray(image.convert("RGB")))
    return image, frames


def test_videos_stand_side_by_side_enlarged_with_room_for_titles_and_notes():
    one, two = balls(0), balls(1)
    frames = side_by_side({"A": one, "B": two}, zoom=3, notes=["given"] * 12)
    assert frames.shape == (12, 2 * GAP + 2 * TEXT_HEIGHT + 48, 3 * GAP + 2 * 48, 3)
    top = GAP + TEXT_HEIGHT
    np.testing.assert_array_equal(frames[:, top : top + 48 : 3, GAP : GAP + 48 : 3], 255 * one)
    left = 2 * GAP + 48
    np.testing.assert_array_equal(frames[:, top + 2 : top + 48 : 3, left + 2 : left + 48 : 3], 255 * two)


def test_titles_are_written_above_and_notes_below_their_frames():
    video = balls(0, length=4)
    frames = side_by_side({"truth": video}, zoom=4, notes=["given", "given", "predicted", "predicted"])
    assert (frames[0, GAP : GAP + TEXT_HEIGHT] < 100).any()
    below = frames[:, -GAP - TEXT_HEIGHT :]
    np.testing.assert_array_equal(below[0], below[1])
    assert (below[1] != below[2]).any()
    assert (below < 100).any((1, 2, 3)).all()


def test_a_title_wider_than_its_video_is_not_cut():
    narrow = side_by_side({"a title that is much longer": balls(0, side=8, length=3)})
    assert narrow.shape[2] > 100
    assert (narrow[0, :, -GAP:] == 255).all()


def test_grey_videos_and_bytes_are_shown_as_they_are():
    grey = (balls(0)[..., :1] * 200).astype(np.uint8)
    frames = side_by_side({"grey": grey})
    shown = frames[:, GAP + TEXT_HEIGHT :][:, :16, GAP : GAP + 16]
    np.testing.assert_array_equal(shown, grey.repeat(3, axis=-1))


def test_values_beyond_the_range_are_clipped():
    frames = side_by_side({"x": np.stack([np.full((8, 8, 3), value) for value in (-0.5, 1.5)])})
    shown = frames[:, GAP + TEXT_HEIGHT :][:, :8, GAP : GAP + 8]
    assert shown[0].max() == 0
    assert shown[1].min() == 255


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="of one length are needed, not of 5, 12"):
        side_by_side({"A": balls(0), "B": balls(0, length=5)})
    with pytest.raises(ValueError, match="one length"):
        side_by_side({"A": balls(0)}, notes=["given"])


def test_a_gif_has_every_frame_for_its_time_and_starts_again():
    frames = side_by_side({"A": balls(0), "B": balls(1)}, zoom=2)
    image, shown = opened(gif(frames, frames_per_second=8))
    assert len(shown) == 12
    assert image.info["duration"] == 120
    assert image.info["loop"] == 0
    for wanted, seen in zip(frames, shown, strict=True):
        assert abs(wanted.astype(int) - seen).max() <= 8  # at most 256 colours


def test_what_does_not_move_has_the_same_colour_in_every_frame():
    generator = np.random.default_rng(0)
    still = np.broadcast_to(generator.integers(0, 256, (20, 20, 3)), (10, 20, 20, 3))
    noise = generator.integers(0, 256, (10, 20, 20, 3))
    _, shown = opened(gif(np.concatenate([still, noise], axis=2).astype(np.uint8), 5))
    for frame in shown[1:]:
        np.testing.assert_array_equal(frame[:, :20], shown[0][:, :20])


def test_the_same_frames_give_the_same_bytes():
    frames = side_by_side({"A": balls(0)}, zoom=2, notes=[str(t) for t in range(12)])
    assert gif(frames, 8) == gif(frames, 8)


def test_a_film_without_frames_is_refused():
    with pytest.raises(ValueError, match="without frames"):
        gif(np.zeros((0, 4, 4, 3), np.uint8), 8)
