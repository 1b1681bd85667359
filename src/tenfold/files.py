"""Writing files so that a reader never sees half of one: write beside, flush to disk, rename."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tenfold.errors import ResultError


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A binary file that appears under `path` only when the block ends without an error.

    Raises ResultError, and leaves nothing behind, when the folder cannot be written or the disk is full.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ResultError(why_not_written(path, error)) from error
    finally:
        part.unlink(missing_ok=True) if part.parent.is_dir() else None


def why_not_written(path: Path, error: OSError) -> str:
    """One sentence for a user whose disk refused `path`: what happened and what to do."""
    remedy = {
        errno.ENOSPC: "the disk is full; free some space and start again",
        errno.EDQUOT: "your disk quota is used up; free some space and start again",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "no permission to write there; check the folder's owner",
        errno.EPERM: "no permission to write there; check the folder's owner",
    }.get(error.errno or 0, error.strerror or str(error))
    return f"cannot write {path}: {remedy}"


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic_file(path) as file:
        file.write(text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically; keys keep their order. NaN is refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Content of a JSON file. Raises ResultError when it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"{path} does not exist; build it first") from None
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read ({error}); delete it and build it again") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as one compressed .npz, atomically: same arrays, same bytes. Object arrays are refused."""
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in plain.items():
        if array.dtype.hasobject:
            raise TypeError(f"{path.name}: array {name!r} holds Python objects; use numbers or fixed-width text")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **plain)  # type: ignore[arg-type]
    with atomic_file(path) as file:
        file.write(buffer.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Named arrays of an .npz file. Raises ResultError when it is missing or damaged; never unpickles."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise ResultError(f"{path} does not exist; build it first") from None
    except Exception as error:  # zipfile, zlib and numpy raise many kinds for a damaged file
        raise ResultError(f"{path} is damaged ({error}); delete it and build it again") from error
