"""Readers of videos on small ones in the layouts that the publishers use."""

import zipfile

import av
import numpy as np
import pytest

from tenfold.data.fetch import fetch
from tenfold.data.readers import read
from tenfold.data.readers.clips import KTH_ACTIONS, film, kth, split_archive
from tenfold.errors import DataError
from tests.data.conftest import Web, raw_dataset


def written(path, frames: np.ndarray, codec: str = "mpeg4") -> None:
    """A video file of frames (T, H, W, 3)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def film_of(level: int, length: int = 12, height: int = 32, width: int = 48) -> np.ndarray:
    """Frame t: grey `level`, and a white bar from column 4 t on."""
    frames = np.full((length, height, width, 3), level, dtype=np.uint8)
    for t in range(length):
        frames[t, :, 4 * t : 4 * t + 8] = 255
    return frames


def encoded(tmp_path, frames: np.ndarray, ending: str) -> bytes:
    path = tmp_path / f"scratch.{ending}"
    written(path, frames)
    return path.read_bytes()


def test_a_film_gives_all_its_frames_in_order(tmp_path):
    frames = film_of(60)
    written(tmp_path / "film.avi", frames)
    (clip,) = film(tmp_path, file="film.avi")
    assert clip.part is None
    grey = list(clip.frames("grey"))
    assert len(grey) == 12
    assert grey[0].shape == (32, 48, 1)
    assert grey[0].dtype == np.uint8
    for t, frame in enumerate(grey):
        assert abs(frame[:, :, 0].astype(int) - frames[t, :, :, 0]).mean() < 6  # the codec loses something


def test_colours_come_as_red_green_and_blue(tmp_path):
    frames = np.zeros((3, 32, 32, 3), dtype=np.uint8)
    frames[..., 0] = 200
    written(tmp_path / "red.mp4", frames)
    (clip,) = film(tmp_path, file="red.mp4")
    frame = next(clip.frames("colour"))
    assert frame.shape == (32, 32, 3)
    assert frame[..., 0].mean() > 180
    assert frame[..., 1:].mean() < 30


def test_frames_are_decoded_when_they_are_asked_for(tmp_path):
    """The first frames of a film come before what is wrong with its later part is noticed."""
    written(tmp_path / "film.ts", film_of(60, length=200), codec="mpeg2video")
    content = (tmp_path / "film.ts").read_bytes()
    (tmp_path / "film.ts").write_bytes(content[: len(content) // 2])
    (clip,) = film(tmp_path, file="film.ts")
    frames = clip.frames("grey")
    assert next(frames).shape == (32, 48, 1)
    assert len(list(frames)) < 150


# --------------------------------------------------------------------------------- Moving MNIST, GQN mazes


@pytest.mark.parametrize("prefix", ["", "moving_mnist_2digit/"])
@pytest.mark.parametrize(("train", "test"), [("train-seq100", "test-seq1000"), ("train", "test")])
def test_an_archive_with_a_folder_for_each_part_keeps_the_publishers_split(tmp_path, prefix, train, test):
    with zipfile.ZipFile(tmp_path / "videos.zip", "w") as archive:
        for place, count in ((train, 3), (test, 2)):
            for number in range(count):
                content = encoded(tmp_path, film_of(20 * number, height=64, width=64), "mp4")
                archive.writestr(f"{prefix}{place}/{number}.mp4", content)
        archive.writestr(f"{prefix}README.txt", "")
    clips = split_archive(tmp_path, file="videos.zip", train=train, test=test)
    assert [clip.part for clip in clips].count("train") == 3
    assert [clip.part for clip in clips].count("test") == 2
    assert len({clip.group for clip in clips}) == 5
    for clip in clips:
        frames = np.stack(list(clip.frames("grey")))
        assert frames.shape == (12, 64, 64, 1)
        number = int(clip.name.rsplit("/", 1)[1].removesuffix(".mp4"))
        assert frames[0, :, 40:].mean() == pytest.approx(20 * number, abs=6)


# ---------------------------------------------------------------------------------------------------- KTH


def kth_archive(tmp_path, action: str, persons=(1, 16, 17, 25), settings=(1, 2)) -> None:
    with zipfile.ZipFile(tmp_path / f"{action}.zip", "w") as archive:
        for person in persons:
            for setting in settings:
                name = f"person{person:02d}_{action}_d{setting}_uncomp.avi"
                archive.writestr(name, encoded(tmp_path, film_of(5 * person, height=120, width=160), "avi"))


def test_kth_is_split_by_persons(tmp_path):
    for action in KTH_ACTIONS:
        kth_archive(tmp_path, action)
    clips = kth(tmp_path)
    assert len(clips) == 6 * 4 * 2
    persons = {part: {clip.group for clip in clips if clip.part == part} for part in ("train", "test")}
    assert persons == {"train": {"person 01", "person 16"}, "test": {"person 17", "person 25"}}
    walking = next(clip for clip in clips if clip.member == "person16_walking_d2_uncomp.avi")
    frames = np.stack(list(walking.frames("grey")))
    assert frames.shape == (12, 120, 160, 1)
    assert frames[0, :, 40:].mean() == pytest.approx(80, abs=6)


def test_kth_arrives_from_its_canonical_layout_and_is_read(tmp_path, web: Web):
    registry = {"type": "url", "url": web.url("cvap/actions/"), "reader": "clips.kth"}
    for action in KTH_ACTIONS:
        kth_archive(tmp_path, action, persons=(3,), settings=(1,))
        web.files[f"cvap/actions/{action}.zip"] = (tmp_path / f"{action}.zip").read_bytes()
    dataset = raw_dataset(registry | {"files": [{"path": f"{action}.zip"} for action in KTH_ACTIONS]})
    manifest = fetch("kth", dataset, [], tmp_path / "raw")
    assert len(read(manifest.reader, tmp_path / "raw", manifest.reader_settings)) == 6


# ------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("reader", [
    lambda folder: film(folder, file="x.avi"),
    lambda folder: split_archive(folder, file="x.zip", train="train", test="test"),
    kth,
])  # fmt: skip
def test_a_missing_file_is_named(tmp_path, reader):
    with pytest.raises(DataError, match="does not exist; fetch the data again"):
        reader(tmp_path)


def test_what_is_no_archive_is_named(tmp_path):
    (tmp_path / "boxing.zip").write_bytes(b"<html>moved</html>")
    with pytest.raises(DataError, match=r"boxing\.zip: is not a readable zip archive"):
        kth(tmp_path)


def test_an_archive_without_a_part_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("train/1.mp4", b"")
    with pytest.raises(DataError, match=r"holds no test/<name>\.mp4"):
        split_archive(tmp_path, file="x.zip", train="train", test="test")
    with zipfile.ZipFile(tmp_path / "boxing.zip", "w") as archive:
        archive.writestr("readme.txt", b"")
    with pytest.raises(DataError, match="holds no person<two digits>_boxing"):
        kth(tmp_path)


def test_a_damaged_video_is_named(tmp_path):
    (tmp_path / "film.avi").write_bytes(b"RIFF" + bytes(300))
    (clip,) = film(tmp_path, file="film.avi")
    with pytest.raises(DataError, match=r"film\.avi: is not a readable video"):
        list(clip.frames("grey"))
