"""Bringing raw data sets into their folders: sources in order, everything checked, nothing half-written."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from tenfold import paths
from tenfold.config import RawDataset, Source
from tenfold.data.folder import emptied, install, workplace, write_manifest
from tenfold.data.freshness import ADOPTED, manifest_of, up_to_date
from tenfold.data.manifest import FileRecord, Manifest
from tenfold.data.sources import TYPES, Access, check, describe
from tenfold.errors import DataError, SourceUnavailable, TenfoldError

WORKERS = 4


class NoSourceWorks(DataError):
    """None of a data set's sources could serve it; `reasons` says why, one entry a source."""

    def __init__(self, name: str, dataset: RawDataset, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        steps = f" To get it by hand: {dataset.gated.strip()}" if dataset.gated else ""
        adopting = f" Files that you have are taken in with `tenfold data adopt {name} <folder>`."
        super().__init__(f"data set {name} cannot be fetched: {'; '.join(self.reasons)}.{steps}{adopting}")


def fetch(
    name: str,
    dataset: RawDataset,
    mirrors: Sequence[str],
    destination: Path,
    *,
    progress: bool | None = None,
    verify: bool = False,
    force: bool = False,
) -> Manifest:
    """Make the raw data set complete in `destination` and return its manifest.

    The first source that works wins. A complete data set is left alone, unless its entry in the registry (or its
    generator, or the folder of your own it was copied from) has changed, `verify` finds other contents than recorded,
    or `force` is set. Several processes may ask for the same data set at once.
    `progress` lines go to stderr; None: when that is a terminal.
    Raises NoSourceWorks, DataError when the disk refuses, ConfigError when a generator's entry is wrong.
    """
    access = _access(mirrors, progress)
    return _fetch(name, dataset, access, destination, verify=verify, force=force)[0]


def _access(mirrors: Sequence[str], progress: bool | None) -> Access:
    return Access(tuple(mirrors), sys.stderr.isatty() if progress is None else progress)


def _fetch(
    name: str, dataset: RawDataset, access: Access, destination: Path, *, verify: bool, force: bool
) -> tuple[Manifest, bool]:
    """The manifest, and whether the files were fetched just now."""
    destination = destination.resolve()  # data/raw/<dataset> may be a link to a larger disk
    if not force:
        found, expected = up_to_date(name, dataset, destination, verify=verify)
        if found is not None and found == expected:
            return found, False  # without a lock, so that a read-only disk with the data on it will do
    with workplace(destination, access.progress) as folder:
        if not force:
            found, expected = up_to_date(name, dataset, destination, verify=verify)
            if found is not None and expected is not None:
                if found != expected:
                    write_manifest(destination, expected)
                return expected, False
        return _from_first_source(name, dataset, access, folder, destination), True


def _from_first_source(name: str, dataset: RawDataset, access: Access, folder: Path, destination: Path) -> Manifest:
    reasons = []
    for source in dataset.sources:
        emptied(folder)
        try:
            TYPES[source.type](source, folder, access)
            records = _records(source, folder)
        except SourceUnavailable as reason:
            reasons.append(f"{source.type} ({describe(source)}): {reason}")
        else:
            manifest = manifest_of(name, dataset, source, records)
            install(folder, destination, manifest)
            return manifest
    raise NoSourceWorks(name, dataset, reasons)


def _records(source: Source, folder: Path) -> list[FileRecord]:
    """Checked records of the files that a source delivered."""
    if source.files:
        return [check(folder, file.target, file) for file in source.files]
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if not names:
        raise SourceUnavailable("it wrote no file")
    return [FileRecord.of(folder, name) for name in names]


# ------------------------------------------------------------------------------------------- many at once


@dataclass(frozen=True)
class Outcome:
    """What became of one data set: a line of the table that `tenfold data` prints."""

    name: str
    status: Literal["present", "fetched", "gated", "unreachable", "failed"]
    licence: str
    source: str = ""
    """The source that served the data, in a few words; empty when there is no data."""
    size: int | None = None
    """Bytes on disk; what the registry says when there is no data."""
    detail: str = ""
    """gated: the steps a person has to take; unreachable, failed: why."""

    @property
    def ok(self) -> bool:
        return self.status in ("present", "fetched")


def fetch_all(
    datasets: Mapping[str, RawDataset],
    mirrors: Sequence[str],
    destination: Callable[[str], Path] = paths.raw,
    *,
    progress: bool | None = None,
    verify: bool = False,
    force: bool = False,
    workers: int = WORKERS,
) -> list[Outcome]:
    """Fetch several data sets in parallel; one that fails does not stop the others. Outcomes in the order given."""
    access = _access(mirrors, progress)

    def outcome(name: str) -> Outcome:
        dataset = datasets[name]
        try:
            manifest, new = _fetch(name, dataset, access, destination(name), verify=verify, force=force)
        except NoSourceWorks as error:
            why = "; ".join(error.reasons)
            if dataset.gated:
                return Outcome(name, "gated", dataset.licence, size=dataset.size, detail=dataset.gated.strip())
            return Outcome(name, "unreachable", dataset.licence, size=dataset.size, detail=why)
        except TenfoldError as error:
            return Outcome(name, "failed", dataset.licence, size=dataset.size, detail=str(error))
        return Outcome(name, "fetched" if new else "present", dataset.licence, _source(manifest), manifest.size)

    with ThreadPoolExecutor(workers) as pool:
        try:
            return list(pool.map(outcome, datasets))
        except BaseException:
            access.stop.set()  # downloads under way end at their next bytes
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _source(manifest: Manifest) -> str:
    if manifest.source == "url":
        return f"url: {urlsplit(manifest.origin).hostname}"
    return f"{manifest.source}: {manifest.origin}" if manifest.source in ("pypi", "npm", "debian") else manifest.source


# ------------------------------------------------------------------------------------------------ adopting


def adopt(name: str, dataset: RawDataset, folder: Path, destination: Path) -> Manifest:
    """Take in the files that a person put into `folder`, in the format of the first source whose files all lie there.

    A file is found under its path, its name under data/raw, or its path's last part. Raises DataError when no source's
    files are all there, or when they are not what the registry says.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    reasons = []
    destination = destination.resolve()
    with workplace(destination) as part:
        for source in dataset.sources:
            if not source.files:
                continue
            try:
                records = _taken_in(source, folder, emptied(part))
            except SourceUnavailable as reason:
                reasons.append(f"as {source.type} ({describe(source)}): {reason}")
                continue
            manifest = manifest_of(name, dataset, source, records)
            manifest = replace(manifest, source=ADOPTED, origin="files put in place by hand")
            install(part, destination, manifest)
            return manifest
    raise DataError(f"{folder} does not hold the data set {name}: {'; '.join(reasons) or 'it is generated, not read'}")


def _taken_in(source: Source, folder: Path, part: Path) -> list[FileRecord]:
    records = []
    for file in source.files:
        places = [folder / name for name in (file.path, file.target, file.path.rpartition("/")[2])]
        place = next((place for place in places if place.is_file()), None)
        if place is None:
            raise SourceUnavailable(f"there is no {places[-1].name}")
        (part / file.target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place, part / file.target)
        records.append(check(part, file.target, file))
    return records
