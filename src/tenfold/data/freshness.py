"""Is a raw data set that lies on disk still what the registry asks for?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tenfold.config import RawDataset, Source
from tenfold.data.manifest import FileRecord, Manifest, files_as_recorded, is_present, read_manifest
from tenfold.data.sources import describe, generator_code, original_folder
from tenfold.errors import DataError

ADOPTED = "adopted"
"""Source of a data set whose files a person put in place."""


def manifest_of(name: str, dataset: RawDataset, source: Source, records: Sequence[FileRecord]) -> Manifest:
    """The manifest of files that `source` delivered."""
    generated = source.type == "generator"
    return Manifest(
        dataset=name,
        source=source.type,
        origin=describe(source),
        reader=source.reader,
        reader_settings={} if generated else source.settings,
        licence=dataset.licence,
        files=tuple(records),
        code=generator_code(source) if generated else None,
    )


def up_to_date(
    name: str, dataset: RawDataset, destination: Path, *, verify: bool = False
) -> tuple[Manifest | None, Manifest | None]:
    """The manifest on disk and the one that these files should have; (None, None) when they must be fetched (again).

    The two differ when only the registry's words (reader, its settings, licence) have changed. `verify` compares the
    files' contents with the record, otherwise their sizes.
    """
    if not is_present(destination):
        return None, None
    try:
        manifest = read_manifest(destination)
    except DataError:
        return None, None
    # The source that was used comes first; another one counts when it promises the same bytes.
    sources = sorted(dataset.sources, key=lambda source: not _was_used(source, manifest))
    source = next((source for source in sources if _serves(source, manifest)), None)
    if source is None or not _as_recorded(destination, manifest, verify):
        return None, None
    expected = manifest_of(name, dataset, source, manifest.files)
    if expected.code != manifest.code:
        return None, None
    return manifest, replace(expected, source=manifest.source, origin=manifest.origin)


def _was_used(source: Source, manifest: Manifest) -> bool:
    return (manifest.source, manifest.origin) == (source.type, describe(source))


def _serves(source: Source, manifest: Manifest) -> bool:
    """Would this source, as the registry has it now, deliver the files of the manifest?"""
    if source.type == "generator":
        return _was_used(source, manifest)
    recorded = {file.name: file for file in manifest.files}
    if sorted(recorded) != sorted(file.target for file in source.files):
        return False
    for file in source.files:
        found = recorded[file.target]
        if file.sha256 not in (None, found.sha256) or file.size not in (None, found.size):
            return False
    if manifest.source == ADOPTED or all(file.sha256 for file in source.files):
        return True
    return _was_used(source, manifest) and _originals_unchanged(source, recorded)


def _originals_unchanged(source: Source, recorded: dict[str, FileRecord]) -> bool:
    """False when a file of a near folder was edited after it was copied; a folder that has gone changes nothing."""
    folder = original_folder(source)
    return folder is None or all(
        FileRecord.of(folder, file.path).sha256 == recorded[file.target].sha256
        for file in source.files
        if (folder / file.path).is_file()
    )


def _as_recorded(destination: Path, manifest: Manifest, verify: bool) -> bool:
    if not files_as_recorded(destination, manifest.files):
        return False
    return not verify or all(FileRecord.of(destination, file.name) == file for file in manifest.files)
