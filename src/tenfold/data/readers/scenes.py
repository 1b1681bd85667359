"""Reader of CityScapes as preprocessed for MTAN: one archive with an array for each image, label map and depth map."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenfold.errors import DataError

PARTS = ("train", "val")
KINDS = ("image", "label_7", "depth")
_MEMBER = re.compile(r"(?:^|/)(train|val)/(image|label_7|depth)/(\d+)\.npy$")


@dataclass(frozen=True)
class LabelledScenes:
    """`images` (N, H, W, 3) float32, `classes` (N, H, W) int8, -1 unlabelled, `depth` (N, H, W) float32, 0 invalid."""

    images: np.ndarray
    classes: np.ndarray
    depth: np.ndarray


def cityscapes(folder: Path, *, file: str = "cityscapes.zip") -> tuple[LabelledScenes, LabelledScenes]:
    """Training and validation scenes from a zip archive of `{train,val}/{image,label_7,depth}/<number>.npy`.

    Raises DataError when the archive cannot be read, an array is missing for a number, or shapes do not fit.
    """
    path = folder / file
    try:
        with zipfile.ZipFile(path) as archive:
            members = {match.groups(): match.string for name in archive.namelist() if (match := _MEMBER.search(name))}
            found = [_part(path, archive, members, part) for part in PARTS]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; fetch the data again") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{path}: is not a readable zip archive ({error})") from error
    return found[0], found[1]


def _part(path: Path, archive: zipfile.ZipFile, members: dict[tuple, str], part: str) -> LabelledScenes:
    numbers = sorted({int(number) for where, _, number in members if where == part})
    if not numbers:
        raise DataError(f"{path}: holds no {part}/image/<number>.npy")
    columns: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for number in numbers:
        for kind in KINDS:
            name = members.get((part, kind, str(number)))
            if name is None:
                raise DataError(f"{path}: {part}/{kind}/{number}.npy is missing")
            columns[kind].append(_array(path, archive, name))
    size = columns["image"][0].shape[:2]
    wanted = {"image": (*size, 3), "label_7": size, "depth": (*size, 1)}
    for kind, arrays in columns.items():
        for number, array in zip(numbers, arrays, strict=True):
            if array.shape != wanted[kind]:
                raise DataError(f"{path}: {part}/{kind}/{number}.npy has shape {array.shape} instead of {wanted[kind]}")
    classes = np.stack(columns["label_7"])
    if classes.min() < -1 or classes.max() > 6:
        raise DataError(
            f"{path}: {part}/label_7: classes from {classes.min():g} to {classes.max():g} instead of -1 to 6"
        )
    return LabelledScenes(
        np.stack(columns["image"]).astype(np.float32),
        classes.astype(np.int8),
        np.stack(columns["depth"])[..., 0].astype(np.float32),
    )


def _array(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        return np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: {name} is not a readable array ({error})") from error
