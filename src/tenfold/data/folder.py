"""Writing a raw data set's folder so that it is either complete or visibly not.

Files are gathered in a hidden folder beside the destination (`.<dataset>.part`), renamed into place, and the manifest
is written last. A process killed at any moment leaves a folder without a manifest, which is incomplete by definition;
the next call clears what was left.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.data.manifest import FILE_NAME, Manifest, read_manifest
from tenfold.errors import DataError, ResultError
from tenfold.files import why_not_written, write_json
from tenfold.paths import relative


@contextmanager
def workplace(destination: Path, progress: bool = False) -> Iterator[Path]:
    """An empty folder beside the destination, held by this process alone; nothing of it is left afterwards.

    A refusal of the disk inside the block is raised as DataError, one sentence.
    """
    from filelock import FileLock, Timeout

    part = destination.parent / f".{destination.name}.part"
    with disk_refusals_told(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(destination.parent / f".{destination.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if progress:
                print(f"waiting for another process that fetches {destination.name}", file=sys.stderr)
            lock.acquire()
        try:
            shutil.rmtree(part, ignore_errors=True)
            yield emptied(part / "files")
        finally:
            shutil.rmtree(part, ignore_errors=True)
            lock.release()


def emptied(folder: Path) -> Path:
    """The folder, existing and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextmanager
def disk_refusals_told(destination: Path) -> Iterator[None]:
    """Turns what the disk refuses while `destination` is written into a DataError: what happened, what to do."""
    try:
        yield
    except ResultError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise DataError(why_not_written(Path(relative(destination)), error)) from error


def install(folder: Path, destination: Path, manifest: Manifest) -> None:
    """Rename checked files into place. Without its manifest the destination is incomplete until the last step.

    Files that an earlier manifest lists and this one does not are removed; files of the user's own stay.
    """
    outdated = _recorded_names(destination) - {file.name for file in manifest.files}
    (destination / FILE_NAME).unlink(missing_ok=True)
    mode = folder.stat().st_mode & 0o666  # downloads come with a private mode; the user's umask decides instead
    for file in manifest.files:
        (destination / file.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.name).chmod(mode)
        with (folder / file.name).open("rb") as stream:
            os.fsync(stream.fileno())
        (folder / file.name).replace(destination / file.name)
    for name in outdated:
        (destination / name).unlink(missing_ok=True)
    write_manifest(destination, manifest)


def write_manifest(destination: Path, manifest: Manifest) -> None:
    """Write manifest.json, atomically."""
    write_json(destination / FILE_NAME, manifest.as_json())


def _recorded_names(destination: Path) -> set[str]:
    try:
        return {file.name for file in read_manifest(destination).files}
    except DataError:
        return set()
