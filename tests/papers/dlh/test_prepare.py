"""Splits that share nothing, sequences cut out of films, and how training draws."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tenfold import paths
from tenfold.data.preparation import Preparation
from tenfold.errors import ConfigError, DataError
from tenfold.papers.dlh import footage
from tenfold.papers.dlh.prepare import prepare
from tenfold.papers.dlh.scenes import training_videos
from tenfold.papers.dlh.settings import Prepare
from tenfold.settings import validate
from tests.data.readers.test_clip_readers import written

FEW = {"validation": 3, "test": 4, "length": 6, "test_length": 9}
MNIST = {"raw": paths.EMBEDDED / "mnist-10k", "reader": "images.idx"}


def prepared(scene: dict, **settings):
    raw = {key: settings.pop(key) for key in ("raw", "reader", "reader_settings") if key in settings}
    return prepare(Preparation("dlh", "d", {"scene": scene, **FEW, **settings}, seeds=(0, 1), **raw))


def refused(**settings) -> str:
    with pytest.raises(ConfigError) as caught:
        validate(Prepare, settings, "f")
    return str(caught.value)


# ----------------------------------------------------------------------------------------------- generated


@pytest.mark.parametrize(("scene", "frame", "raw"), [
    ({"kind": "moving-ball", "side": 12}, (12, 12, 3), {}),
    ({"kind": "moving-digits", "side": 32, "digit_side": 14}, (32, 32, 1), MNIST),
    ({"kind": "maze-walks", "side": 16}, (16, 16, 3), {}),
])  # fmt: skip
def test_scenes_give_bytes_of_the_documented_shapes(scene, frame, raw):
    made = prepared(scene, train=5, **raw)
    for part, count, length in (("train", 5, 6), ("validation", 3, 9), ("test", 4, 9)):
        assert made.arrays[part].shape == (count, length, *frame)
        assert made.arrays[part].dtype == np.uint8
    assert made.statistics["test"] == 4
    assert made.statistics["channels"] == frame[2]


def test_the_parts_differ_and_the_same_settings_give_the_same_bytes():
    one, two = (prepared({"kind": "moving-ball"}, train=3, validation=3, test=3, length=9).arrays for _ in range(2))
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])
    assert (one["train"] != one["validation"]).any()
    assert (one["validation"] != one["test"]).any()


def test_what_happens_to_a_ball_lies_beside_its_videos():
    made = prepared({"kind": "moving-ball", "jump": 0.3}, test=200, test_length=40)
    assert made.arrays["test/changes"].shape == made.arrays["test/colours"].shape == (200, 40)
    assert made.arrays["test/positions"].shape == (200, 40, 2)
    assert made.statistics["change_rate"] == pytest.approx(0.42, abs=0.02)


def test_balls_at_different_chances_of_a_jump_take_the_same_paths():
    calm, jumpy = (prepared({"kind": "moving-ball", "jump": jump}).arrays for jump in (0.0, 0.3))
    np.testing.assert_array_equal(calm["test/positions"], jumpy["test/positions"])


def images_in(pool: np.ndarray) -> set[str]:
    return {hashlib.sha256(image.tobytes()).hexdigest() for image in pool}


def test_no_digit_is_in_two_parts(monkeypatch):
    pools = {}

    def record(generator, sequences, length, *, images, side, speeds):
        pools[len(pools)] = images
        from tenfold.data.generators.moving_digits import DigitVideos

        return DigitVideos(np.zeros((sequences, length, side, side, 1), np.uint8), np.zeros(0), np.zeros(0))

    monkeypatch.setattr("tenfold.data.generators.moving_digits.moving_digits", record)
    made = prepared({"kind": "moving-digits"}, **MNIST)
    train, validation, test = (images_in(pools[number]) for number in range(3))
    assert (len(pools[0]), len(pools[1]), len(pools[2])) == (7200, 800, 2000)  # 80 % and 20 % of the 10,000 digits
    assert not train & test
    assert not train & validation
    assert not validation & test
    np.testing.assert_array_equal(made.arrays["digits"], pools[0])


def test_digits_need_raw_images():
    with pytest.raises(ConfigError, match="name it under raw"):
        prepared({"kind": "moving-digits"})


# ------------------------------------------------------------------------------------------------ training


@pytest.mark.parametrize(("scene", "raw"), [
    ({"kind": "moving-ball"}, {}),
    ({"kind": "moving-digits", "side": 40}, MNIST),
    ({"kind": "maze-walks", "side": 8}, {}),
])  # fmt: skip
def test_training_draws_fresh_videos_where_none_are_stored(scene, raw):
    arrays = prepared(scene, train=0, **raw).arrays
    draw = training_videos(arrays)
    batches = [draw(np.random.default_rng(seed), 2, 7) for seed in (0, 0, 1)]
    assert batches[0].shape == (2, 7, *arrays["test"].shape[2:])
    np.testing.assert_array_equal(batches[0], batches[1])
    assert (batches[0] != batches[2]).any()


def test_training_draws_pieces_of_stored_sequences():
    arrays = prepared({"kind": "moving-ball"}, train=4, length=12).arrays
    drawn = training_videos(arrays)(np.random.default_rng(0), 50, 5)
    places = set()
    for piece in drawn:
        found = [
            (row, start) for row in range(4) for start in range(8)
            if (arrays["train"][row, start : start + 5] == piece).all()
        ]  # fmt: skip
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 15


def test_stored_sequences_that_are_too_short_are_refused():
    draw = training_videos(prepared({"kind": "moving-ball"}, train=2, length=5).arrays)
    with pytest.raises(ValueError, match=r"training\.length is 6, but the stored sequences have 5 frames"):
        draw(np.random.default_rng(0), 2, 6)


# ------------------------------------------------------------------------------------------------- footage


class Film:
    """In place of a clip: frame t has the value t everywhere but in one square that flickers."""

    part, group, path = None, "film", Path("raw/film.avi")

    def __init__(self, length: int = 100, height: int = 24, width: int = 40) -> None:
        self.shape = (length, height, width)
        self.decoded = 0

    def frames(self, colours):
        length, height, width = self.shape
        for t in range(length):
            self.decoded += 1
            frame = np.full((height, width, 1), t, dtype=np.uint8)
            frame[8:16, 16:24] += np.uint8(100 * (t % 2))
            yield frame


def scene(**changes) -> tuple[Prepare, object]:
    settings = Prepare.model_validate({
        "scene": {"kind": "videos", "side": 8, "train_every": 5, **changes},
        "train": 1000, "validation": 1000, "test": 1000, "length": 6, "test_length": 9,
    })  # fmt: skip
    return settings, settings.scene


WINDOWS = {"size": 16, "step": 8, "train": (0, 50), "validation": (55, 70), "test": (75, 100)}


def test_windows_are_cut_in_space_and_parts_in_time():
    arrays = footage.parts_of([Film()], *scene(windows=WINDOWS))
    windows = 2 * 4  # 24 x 40 pixels in steps of 8
    assert arrays["train"].shape == (windows * 9, 6, 8, 8, 1)  # starts 0, 5 ... 40: 44 is the last possible
    assert arrays["validation"].shape == (windows * 1, 9, 8, 8, 1)
    assert arrays["test"].shape == (windows * 2, 9, 8, 8, 1)
    still = arrays["test"][0, :, 0, 0, 0]  # outside the square that flickers
    np.testing.assert_array_equal(still, np.arange(75, 84))
    for part, (first, end) in {"train": (0, 50), "validation": (55, 70), "test": (75, 100)}.items():
        corner = arrays[part][:, :, 0, 0] % 100  # what flickers has 100 more
        assert corner.min() >= first
        assert corner.max() < end


def test_windows_without_motion_are_dropped():
    loud, quiet = (footage.parts_of([Film()], *scene(windows=WINDOWS, motion=motion)) for motion in (0.02, 0.0))
    assert 0 < len(loud["test"]) < len(quiet["test"])
    moved = abs(np.diff(loud["test"].astype(float), axis=1)).mean((1, 2, 3, 4)) / 255
    assert (moved > 0.02).all()


def test_a_part_without_a_sequence_is_an_error():
    with pytest.raises(DataError, match=r"raw: no train sequence of 6 frames with a motion of 0\.9"):
        footage.parts_of([Film()], *scene(windows=WINDOWS, motion=0.9))


class Recording(Film):
    """A clip of a published split: the number of its person in the corner of every frame."""

    def __init__(self, person: int, take: int) -> None:
        super().__init__(30, 12, 16)
        self.person, self.group, self.part = person, f"person {person}", "train" if person <= 16 else "test"

    def frames(self, colours):
        for frame in super().frames(colours):
            yield np.where(frame == frame.min(), self.person, self.person + 100).astype(np.uint8)


def test_published_parts_are_kept_and_validation_takes_whole_persons():
    clips = [Recording(person, take) for person in range(1, 26) for take in range(2)]
    arrays = footage.parts_of(clips, *scene())
    persons = {part: set(np.unique(arrays[part][..., 0, 0, 0]).tolist()) for part in arrays}
    assert persons["test"] == set(range(17, 26))
    assert len(persons["validation"]) == 2
    assert persons["train"] | persons["validation"] == set(range(1, 17))
    assert not persons["train"] & persons["validation"]


def test_no_more_is_decoded_than_needed():
    clips = [Film() for _ in range(3)]
    for number, clip in enumerate(clips):
        clip.part, clip.group = ("train", "test", "train")[number], str(number)
    settings, videos = scene()
    footage.parts_of(clips, settings.model_copy(update={"train": 2, "validation": 2, "test": 1}), videos)
    assert sum(clip.decoded for clip in clips) == 11 + 18 + 9


def test_real_films_are_decoded_made_square_and_grey(tmp_path):
    frames = np.zeros((100, 32, 64, 3), dtype=np.uint8)
    frames[:, :, :32] = np.arange(100, dtype=np.uint8)[:, None, None, None] * 2
    written(tmp_path / "film.avi", frames)
    windows = {"size": 32, "step": 32, "train": (0, 50), "validation": (55, 70), "test": (75, 100)}
    made = prepared(
        {"kind": "videos", "side": 8, "windows": windows, "motion": 0.002}, train=100,
        raw=tmp_path, reader="clips.film", reader_settings={"file": "film.avi"},
    )  # fmt: skip
    test = made.arrays["test"]
    assert test.shape == (2, 9, 8, 8, 1)  # the right half is still
    np.testing.assert_allclose(test[0].mean((1, 2, 3)), 2 * np.arange(75, 84), atol=4)


def test_real_videos_must_be_stored():
    assert "cannot be generated afresh" in refused(scene={"kind": "videos"}, train=0)
