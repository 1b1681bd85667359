"""The manifest of a raw data set: what lies in its folder and where it came from.

A folder under data/raw is complete when its manifest.json exists, because the manifest is written last. Only the
standard library is imported here: the Snakefile asks `is_present` while it is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tenfold.data import hashes
from tenfold.errors import DataError
from tenfold.provenance import digest_of, sha256_of

FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class FileRecord:
    """One file of a raw data set: `name` relative to its folder, `size` in bytes."""

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, folder: Path, name: str) -> FileRecord:
        """The record of `folder/name` as it is on disk."""
        return cls(name, (folder / name).stat().st_size, sha256_of(folder / name))


@dataclass(frozen=True)
class Manifest:
    """What later stages need to know about a raw data set; the same data gives the same manifest, byte for byte."""

    dataset: str
    source: str
    """Type of the source that served the files, or `adopted`."""
    origin: str
    """The source in words: never a folder of this machine, never the address of a mirror or registry."""
    reader: str
    """`<module>.<function>` under tenfold.data.readers."""
    reader_settings: dict[str, Any]
    licence: str
    files: tuple[FileRecord, ...]
    """Sorted by name."""
    code: str | None = None
    """Digest of the generator's module, for generated data."""
    digest: str = field(init=False)
    """Digest of the files' names and contents, whatever source they came from."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple(sorted(self.files, key=lambda file: file.name)))
        object.__setattr__(self, "digest", digest_of({file.name: file.sha256 for file in self.files}))

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """Content of manifest.json."""
        content = asdict(self)
        content["files"] = [asdict(file) for file in self.files]
        return content


def is_present(destination: Path) -> bool:
    """Is the raw data set in this folder complete? Cheap: looks for its manifest only."""
    return (destination / FILE_NAME).is_file()


def read_manifest(destination: Path) -> Manifest:
    """The manifest of a raw data set's folder. Raises DataError when it is missing or damaged."""
    path = destination / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        digest = content.pop("digest")
        files = tuple(FileRecord(**file) for file in content.pop("files"))
        manifest = Manifest(files=files, **content)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; run `tenfold data fetch {destination.name}` first") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path} is damaged ({error}); delete it and run `tenfold data fetch {destination.name}`"
        ) from error
    if manifest.digest != digest or any(_leaves_folder(file.name) for file in files):
        raise DataError(f"{path} is damaged (its digest does not fit its files); delete it and fetch the data again")
    return manifest


def _leaves_folder(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def content_digest(destination: Path) -> str:
    """`digest` of a raw data set's files as they are on disk now; `absent` where one of them is missing."""
    try:
        names = [file.name for file in read_manifest(destination).files]
        return digest_of(hashes.of(destination, names))
    except (DataError, OSError):
        return "absent"


def files_as_recorded(destination: Path, files: Iterable[FileRecord]) -> bool:
    """Do all files exist with the recorded sizes?"""
    try:
        return all((destination / file.name).stat().st_size == file.size for file in files)
    except OSError:
        return False
