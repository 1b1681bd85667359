"""Films: videos side by side with their titles, as the frames of a GIF.

Made by Pillow alone, with one palette for the whole film and no dithering: nothing flickers, and the same frames give
the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont

GAP = 8
"""Pixels between two videos and around them."""
TEXT_HEIGHT = 18
FONT_SIZE = 12
PALETTE_FRAMES = 16
"""So many frames, evenly spaced, choose the colours of a film."""


def side_by_side(videos: Mapping[str, np.ndarray], *, zoom: int = 1, notes: Sequence[str] | None = None) -> np.ndarray:
    """Frames (T, H, W, 3) uint8 of videos (T, h, w, 1 or 3) with their titles above.

    Videos hold values in [0, 1] or bytes; pixels are enlarged `zoom` times. `notes` are written below, one for each
    frame. Raises ValueError when lengths differ.
    """
    lengths = {len(video) for video in videos.values()} | ({len(notes)} if notes is not None else set())
    if len(lengths) != 1:
        raise ValueError(f"videos and notes of one length are needed, not of {', '.join(map(str, sorted(lengths)))}")
    enlarged = {title: _enlarged(video, zoom) for title, video in videos.items()}
    font = _font()
    widths = [max(video.shape[2], int(font.getlength(title)) + 1) for title, video in enlarged.items()]
    height = 2 * GAP + TEXT_HEIGHT * (1 if notes is None else 2) + max(video.shape[1] for video in enlarged.values())
    frames = np.full((*lengths, height, sum(widths) + GAP * (len(widths) + 1), 3), 255, dtype=np.uint8)
    left = GAP
    for (title, video), width in zip(enlarged.items(), widths, strict=True):
        top = GAP + TEXT_HEIGHT
        frames[:, GAP:top, left : left + width] = _written(title, width, font)
        frames[:, top : top + video.shape[1], left : left + video.shape[2]] = video
        left += width + GAP
    if notes is not None:
        below = {note: _written(note, frames.shape[2] - 2 * GAP, font) for note in dict.fromkeys(notes)}
        for frame, note in zip(frames, notes, strict=True):
            frame[-GAP - TEXT_HEIGHT : -GAP, GAP:-GAP] = below[note]
    return frames


def gif(frames: np.ndarray, frames_per_second: float) -> bytes:
    """An endless GIF of frames (T, H, W, 3) uint8. Raises ValueError when there are none."""
    from PIL import Image

    if not len(frames):
        raise ValueError("a film without frames cannot be written")
    choosing = frames[np.linspace(0, len(frames) - 1, min(len(frames), PALETTE_FRAMES)).round().astype(int)]
    palette = Image.fromarray(np.concatenate(choosing)).quantize(256, method=Image.Quantize.MEDIANCUT)
    images = [_with_palette(frame, palette) for frame in frames]
    buffer = io.BytesIO()
    images[0].save(
        buffer, format="GIF", save_all=True, append_images=images[1:], loop=0, optimize=False,
        duration=round(100 / frames_per_second) * 10,  # milliseconds; GIF counts in hundredths of a second
    )  # fmt: skip
    return buffer.getvalue()


def _with_palette(frame: np.ndarray, palette: Image.Image) -> Image.Image:
    from PIL import Image

    return Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)


def _enlarged(video: np.ndarray, zoom: int) -> np.ndarray:
    """(T, h, w, 1 or 3) -> (T, zoom h, zoom w, 3) uint8."""
    values = video if video.dtype == np.uint8 else np.rint(255 * video.clip(0, 1)).astype(np.uint8)
    coloured = np.broadcast_to(values, (*values.shape[:-1], 3))
    return coloured.repeat(zoom, axis=1).repeat(zoom, axis=2)


def _written(text: str, width: int, font: FreeTypeFont) -> np.ndarray:
    """Dark text on white, (TEXT_HEIGHT, width, 3) uint8."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, TEXT_HEIGHT), "white")
    ImageDraw.Draw(image).text((0, 0), text, fill=(26, 26, 26), font=font)
    return np.asarray(image)


def _font() -> FreeTypeFont:
    """The figures' font; it comes with matplotlib."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), FONT_SIZE)
