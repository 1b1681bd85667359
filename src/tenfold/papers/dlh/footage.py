"""Sequences out of published videos: windows, resizing and splits, one decoded frame at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tenfold.data.readers.clips import CHANNELS, Clip
from tenfold.errors import DataError
from tenfold.papers.dlh.settings import Prepare, RealVideos, Windows
from tenfold.training.seeding import numpy_generator


@dataclass(frozen=True)
class Cut:
    """How sequences of one part are cut."""

    count: int
    """At most so many."""
    length: int
    """Frames of a sequence."""
    every: int
    """Frames between the starts of two sequences of a clip."""


def parts_of(clips: list[Clip], settings: Prepare, scene: RealVideos) -> dict[str, np.ndarray]:
    """`train`, `validation`, `test`: (sequences, T, side, side, C) uint8. Raises DataError where one would be empty."""
    cuts = {
        "train": Cut(settings.train, settings.length, scene.train_every),
        "validation": Cut(settings.validation, settings.test_length, settings.test_length),
        "test": Cut(settings.test, settings.test_length, settings.test_length),
    }
    arrays = {}
    for part, cut in cuts.items():
        if scene.windows is None:
            sources = [clip.frames(scene.colours) for clip in _clips_of(clips, part, scene.validation_share)]
        else:
            sources = [islice(clip.frames(scene.colours), *getattr(scene.windows, part)) for clip in clips]
        arrays[part] = _sequences(sources, cut, scene)
        if not len(arrays[part]):
            raise DataError(
                f"{clips[0].path.parent}: no {part} sequence of {cut.length} frames with a motion of {scene.motion:g}"
            )
    return arrays


def _clips_of(clips: list[Clip], part: str, validation_share: float) -> list[Clip]:
    """The clips of a part, in random order. Whole groups of the training part are set apart for validation."""
    groups = sorted({clip.group for clip in clips if clip.part == "train"})
    order = numpy_generator(0, "validation groups").permutation(len(groups))
    apart = {groups[place] for place in order[: max(1, round(validation_share * len(groups)))]}

    def part_of(clip: Clip) -> str | None:
        return "validation" if clip.group in apart else clip.part

    kept = [clip for clip in clips if part_of(clip) == part]
    return [kept[place] for place in numpy_generator(0, "clips", part).permutation(len(kept))]


def _sequences(sources: Iterable[Iterator[np.ndarray]], cut: Cut, scene: RealVideos) -> np.ndarray:
    """The first sequences (<= count, length, side, side, C) uint8 that move enough; no more is decoded than needed."""
    found: list[np.ndarray] = []
    for frames in sources:
        for piece in _pieces(frames, cut, scene):  # (windows, length, side, side, C)
            moved = np.array([abs(np.diff(one.astype(np.int16), axis=0)).mean() / 255 for one in piece])
            found.extend(piece[moved >= scene.motion])
            if len(found) >= cut.count:
                return np.stack(found[: cut.count])
    return np.stack(found) if found else np.empty((0, cut.length, scene.side, scene.side, CHANNELS[scene.colours]))


def _pieces(frames: Iterator[np.ndarray], cut: Cut, scene: RealVideos) -> Iterator[np.ndarray]:
    """Stretches of `length` frames, one every `every` frames: (windows, length, side, side, C) uint8."""
    held: deque[np.ndarray] = deque(maxlen=cut.length)
    for number, frame in enumerate(frames):  # decoding gives one after the other
        held.append(np.stack([_resized(window, scene.side) for window in _windows(frame, scene.windows)]))
        start = number + 1 - cut.length
        if start >= 0 and start % cut.every == 0:
            yield np.stack(list(held), axis=1)


def _windows(frame: np.ndarray, windows: Windows | None) -> Iterator[np.ndarray]:
    """Squares of a frame (H, W, C), row by row; or the frame as it is."""
    if windows is None:
        yield frame
        return
    height, width, _ = frame.shape
    for row in range(0, height - windows.size + 1, windows.step):
        for column in range(0, width - windows.size + 1, windows.step):
            yield frame[row : row + windows.size, column : column + windows.size]


def _resized(frame: np.ndarray, side: int) -> np.ndarray:
    """(H, W, C) -> (side, side, C) uint8: means of what each new pixel covers."""
    if frame.shape[:2] == (side, side):
        return frame
    from PIL import Image

    image = Image.fromarray(frame[..., 0] if frame.shape[2] == 1 else frame)
    return np.asarray(image.resize((side, side), Image.Resampling.BOX)).reshape(side, side, -1)
