"""Taking single files out of zip, wheel, tar and Debian archives that nobody has vouched for.

Nothing is ever unpacked under a name that the archive chose: the wanted members are copied as streams to names of ours.
An archive with an entry that would leave its folder is refused as a whole; a wanted entry that is a link or a device is
refused; and no more bytes are written, or unpacked on the way, than is reasonable for the archive's size.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from tenfold.config import RawFile
from tenfold.errors import SourceUnavailable

CHUNK = 1 << 20
LARGEST_EXPANSION = 200
"""An archive may hold this many times its own size. Text rarely shrinks 20-fold; archive bombs shrink 1000-fold."""
ALWAYS_ALLOWED = 64 << 20
"""Bytes any archive may hold, however small it is."""
DECOMPRESSORS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, struct.error,
    RuntimeError,  # zipfile's word for encrypted members and unknown kinds of compression
)  # fmt: skip
"""What the libraries raise for archives that are truncated, damaged or of an unknown kind."""


def extract(archive: Path, wanted: Sequence[RawFile], folder: Path) -> None:
    """Copy the wanted members of `archive` to `folder/<target>`.

    The kind of archive is told from its first bytes: zip (also .whl), Debian package, or tar (plain, gz, bz2, xz).
    Raises SourceUnavailable when the archive is damaged or unsafe, or lacks a member.
    """
    with archive.open("rb") as file:
        start = file.read(8)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = _from_zip(archive, wanted, folder)
    elif start == b"!<arch>\n":
        found = _from_debian(archive, wanted, folder)
    else:
        found = _from_tar(archive, wanted, folder)
    if missing := [file.path for file in wanted if file.path not in found]:
        raise SourceUnavailable(f"{archive.name} does not hold {', '.join(missing)}")


def copy_stream(stream: IO[bytes], target: Path, what: str) -> None:
    """Write a stream to `target`. Raises SourceUnavailable when it is damaged, OSError when the disk refuses."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while chunk := _read(stream, what, CHUNK):
            file.write(chunk)


def _read(stream: IO[bytes], what: str, size: int) -> bytes:
    try:
        return stream.read(size)
    except DAMAGED as error:
        raise SourceUnavailable(f"{what} cannot be read ({error})") from error


def _bound(archive: Path) -> int:
    return max(ALWAYS_ALLOWED, LARGEST_EXPANSION * archive.stat().st_size)


class _Bounded:
    """A stream that refuses to unpack more bytes than is reasonable for its archive."""

    def __init__(self, stream: IO[bytes], archive: Path) -> None:
        self.stream, self.archive, self.left = stream, archive, _bound(archive)

    def read(self, size: int) -> bytes:
        chunk = _read(self.stream, self.archive.name, size)
        self.left -= len(chunk)
        if self.left < 0:
            raise _too_large(self.archive)
        return chunk


def _too_large(archive: Path) -> SourceUnavailable:
    return SourceUnavailable(f"{archive.name} unpacks to over {_bound(archive)} bytes, too many for its size: refused")


class _Wanted:
    """Checks the entries of an archive one by one and says which are wanted, each at most once."""

    def __init__(self, archive: Path, files: Sequence[RawFile]) -> None:
        self.archive = archive
        self.files = {file.path: file for file in files}
        self.found: set[str] = set()

    def look(self, name: str, is_file: bool) -> RawFile | None:
        """The wanted file that the entry `name` is, or None. Raises SourceUnavailable for an unsafe entry."""
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
            raise SourceUnavailable(f"{self.archive.name} holds {name!r}, which would leave its folder: refused")
        file = self.files.get("/".join(part for part in parts if part not in ("", ".")))
        if file is None:
            return None
        if not is_file:
            raise SourceUnavailable(f"{name!r} in {self.archive.name} is a link, folder or device, not a file: refused")
        if file.path in self.found:
            raise SourceUnavailable(f"{self.archive.name} holds {name!r} twice: refused")
        self.found.add(file.path)
        return file


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Around every step that only reads: whatever it raises, the archive is at fault, not the disk written to."""
    try:
        yield
    except DAMAGED as error:
        raise SourceUnavailable(f"{archive.name} is not a whole and readable archive ({error})") from error


def _from_zip(archive: Path, files: Sequence[RawFile], folder: Path) -> set[str]:
    wanted, left = _Wanted(archive, files), _bound(archive)
    with ExitStack() as stack:
        with _reading(archive):
            content = stack.enter_context(zipfile.ZipFile(archive))
        for member in content.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the archive was not made on a Unix system
            file = wanted.look(member.filename, not member.is_dir() and kind in (0, stat.S_IFREG))
            if file is None:
                continue
            left -= member.file_size
            if left < 0:
                raise _too_large(archive)
            with _reading(archive):
                stream = content.open(member)
            with stream:
                copy_stream(stream, folder / file.target, member.filename)
    return wanted.found


def _from_tar(archive: Path, files: Sequence[RawFile], folder: Path) -> set[str]:
    with archive.open("rb") as file:
        start = file.read(6)
    opener = next((opener for magic, opener in DECOMPRESSORS.items() if start.startswith(magic)), open)
    with opener(archive, "rb") as stream:
        return _from_tar_stream(stream, archive, files, folder)


def _from_debian(archive: Path, files: Sequence[RawFile], folder: Path) -> set[str]:
    if shutil.which("dpkg-deb") is None:
        raise SourceUnavailable(f"{archive.name} is a Debian package and dpkg-deb is not installed")
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            return _from_tar_stream(process.stdout, archive, files, folder)
        finally:
            process.kill()


def _from_tar_stream(stream: IO[bytes], archive: Path, files: Sequence[RawFile], folder: Path) -> set[str]:
    wanted = _Wanted(archive, files)
    bounded: Any = _Bounded(stream, archive)
    with ExitStack() as stack:
        with _reading(archive):
            content = stack.enter_context(tarfile.open(fileobj=bounded, mode="r|"))
        while member := _next(content, archive):
            file = wanted.look(member.name, member.isreg())
            if file is not None:
                taken = content.extractfile(member)
                assert taken is not None  # true of every regular file
                copy_stream(taken, folder / file.target, member.name)
    return wanted.found


def _next(content: tarfile.TarFile, archive: Path) -> tarfile.TarInfo | None:
    with _reading(archive):
        return content.next()
