"""Reader of a folder of photographs."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenfold.errors import DataError


@dataclass(frozen=True)
class Photographs:
    """Names without their endings, sorted, and images (H, W, 3) uint8."""

    names: list[str]
    images: list[np.ndarray]


def png(folder: Path) -> Photographs:
    """Every PNG in `folder`. Raises DataError when there is none or one cannot be read."""
    paths = sorted(folder.glob("*.png"))
    if not paths:
        raise DataError(f"{folder} holds no PNG; fetch the data again")
    return Photographs([path.stem for path in paths], [decoded(path.read_bytes(), path) for path in paths])


def decoded(content: bytes, name: object) -> np.ndarray:
    """Red, green and blue (H, W, 3) uint8 of an encoded image. Raises DataError, naming it, when it is damaged."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # damaged images fail in many ways, and all of them mean the same
        raise DataError(f"{name}: is not a readable image ({error})") from error
