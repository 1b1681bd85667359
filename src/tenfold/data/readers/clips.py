"""Readers of video files, alone or in zip archives: a list of clips whose frames are decoded one by one when asked for.

Each raises DataError, naming the file, for anything missing or malformed.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from tenfold.errors import DataError

Colours = Literal["grey", "colour"]
CHANNELS: dict[Colours, int] = {"grey": 1, "colour": 3}
_FORMATS: dict[Colours, str] = {"grey": "gray", "colour": "rgb24"}

KTH_ACTIONS = ("boxing", "handclapping", "handwaving", "jogging", "running", "walking")
KTH_LAST_TRAINING_PERSON = 16
_KTH_MEMBER = re.compile(r"(?:^|/)person(\d\d)_[a-z]+_d\d_uncomp\.avi$")


@dataclass(frozen=True)
class Clip:
    """One video, still encoded."""

    path: Path
    """The video file, or the zip archive that holds it."""
    member: str | None
    """Its name in the archive."""
    part: Literal["train", "test"] | None
    """What the publisher, or the custom of the field, uses it for; None: a split has to cut it in time."""
    group: str
    """What a split has to keep together, such as a person."""

    @property
    def name(self) -> str:
        return f"{self.path}: {self.member}" if self.member else str(self.path)

    def frames(self, colours: Colours) -> Iterator[np.ndarray]:
        """Frames (H, W, 1) of luma or (H, W, 3) of red, green and blue, uint8, decoded on the way."""
        import av

        try:
            with av.open(self._opened()) as container:
                for frame in container.decode(video=0):
                    decoded = frame.to_ndarray(format=_FORMATS[colours])
                    yield decoded.reshape(*decoded.shape[:2], CHANNELS[colours])
        except (av.error.FFmpegError, IndexError, zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{self.name}: is not a readable video ({error})") from error

    def _opened(self) -> str | io.BytesIO:
        if self.member is None:
            return str(self.path)
        with zipfile.ZipFile(self.path) as archive:
            return io.BytesIO(archive.read(self.member))


def film(folder: Path, *, file: str) -> list[Clip]:
    """One video file without a split of its own."""
    if not (folder / file).is_file():
        raise DataError(f"{folder / file} does not exist; fetch the data again")
    return [Clip(folder / file, None, None, file)]


def split_archive(folder: Path, *, file: str, train: str, test: str) -> list[Clip]:
    """A zip archive with mp4 files in one folder for each part, as CW-VAE publishes Moving MNIST and GQN mazes."""
    path = folder / file
    parts: dict[str, Literal["train", "test"]] = {train: "train", test: "test"}
    places = [(name, PurePosixPath(name).parent.name) for name in _members(path) if name.endswith(".mp4")]
    clips = [Clip(path, name, parts[place], name) for name, place in places if place in parts]
    for place, part in parts.items():
        if not any(clip.part == part for clip in clips):
            raise DataError(f"{path}: holds no {place}/<name>.mp4")
    return clips


def kth(folder: Path) -> list[Clip]:
    """KTH Action: a zip archive for each of six actions; persons 1 to 16 are for training, 17 to 25 for testing."""
    clips = []
    for action in KTH_ACTIONS:
        path = folder / f"{action}.zip"
        found = [match for name in _members(path) if (match := _KTH_MEMBER.search(name))]
        if not found:
            raise DataError(f"{path}: holds no person<two digits>_{action}_d<digit>_uncomp.avi")
        for match in found:
            part: Literal["train", "test"] = "train" if int(match[1]) <= KTH_LAST_TRAINING_PERSON else "test"
            clips.append(Clip(path, match.string, part, f"person {match[1]}"))
    return clips


def _members(path: Path) -> list[str]:
    """Names in an archive, sorted."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(archive.namelist())
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; fetch the data again") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path}: is not a readable zip archive ({error})") from error
