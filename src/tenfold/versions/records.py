"""Snakemake's records, kept beside the results, so that they travel with them.

For every output Snakemake remembers the settings, the code and the inputs (by checksum) it was made from. That memory
lies in `.snakemake/`, which stays on one machine, and it knows only the latest build. So each build leaves a copy in a
file next to the results; when that file has become another one (`dvc pull`, `dvc checkout`, a new clone), the memory is
filled from it before Snakemake plans anything. A record is taken over only where the output is missing or has the
contents that the record is about: so it never claims more than what happened.
"""

from __future__ import annotations

import gzip
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import paths
from tenfold.errors import ResultError
from tenfold.provenance import digest_of_files, sha256_of

FILE_NAME = "snakemake.json.gz"
SNAKEMAKES_OWN = ".snakemake_timestamp"
"""What Snakemake leaves in a folder that is an output; DVC does not version it."""

_CHANGING = ("starttime", "endtime", "job_hash")
"""Fields that differ between two runs of the same job."""


@dataclass(frozen=True)
class Shelf:
    """Where the records of some outputs are kept, and which outputs these are."""

    file: Path
    outputs: tuple[str, ...]
    """What the outputs' names begin with, relative to the project's folder."""

    @property
    def _stamp(self) -> Path:
        """Says which file the memory was last in step with; lies there, and is lost together with it."""
        return _memory_folder() / "tenfold" / self.file.parent.relative_to(paths.RESULTS) / "records.sha256"

    def keep(self, raw: dict[str, str] | None = None) -> None:
        """Copy Snakemake's records of these outputs into the file; `raw` are digests of the raw data they rest on.

        Equal records leave the file as it is, whenever they were made.
        """
        from tenfold.files import atomic_file

        before = self._content()
        outputs = {
            name: _entry(name, record, before["outputs"].get(name))
            for name, record in sorted(_remembered())
            if name.startswith(self.outputs)
        }
        content = {"raw": before["raw"] | (raw or {}), "outputs": outputs}
        if outputs and content != before:
            with atomic_file(self.file) as file:
                file.write(gzip.compress(json.dumps(content, sort_keys=True).encode(), mtime=0))
        self._note()

    def restore(self) -> None:
        """Take over the file's records, unless it is the one that the memory is in step with."""
        if not self.file.is_file() or self._in_step():
            return
        from snakemake.persistence import MetadataRecord
        from snakemake.persistence.file import FilePersistence

        memory = FilePersistence(nolock=True, path=_memory_folder())
        for name, entry in self._content()["outputs"].items():
            if _digest(paths.ROOT / name) in (None, entry["sha256"]):
                memory._write_record(name, MetadataRecord.model_validate(entry["record"]))
                memory._unmark_incomplete(name)
        self._note()

    def raw_digest(self, dataset: str) -> str | None:
        """Digest of a raw data set when these outputs were made; None where that is not known."""
        return self._content()["raw"].get(dataset)

    def _content(self) -> dict[str, dict[str, Any]]:
        try:
            return json.loads(gzip.decompress(self.file.read_bytes()))
        except FileNotFoundError:
            return {"raw": {}, "outputs": {}}
        except (OSError, EOFError, ValueError) as error:
            raise ResultError(
                f"{paths.relative(self.file)} is damaged ({error}); delete it or `dvc checkout`"
            ) from error

    def _in_step(self) -> bool:
        return self._stamp.is_file() and self._stamp.read_text(encoding="utf-8") == sha256_of(self.file)

    def _note(self) -> None:
        if self.file.is_file():
            self._stamp.parent.mkdir(parents=True, exist_ok=True)
            self._stamp.write_text(sha256_of(self.file), encoding="utf-8")


def of_paper(scale: str, paper: str) -> Shelf:
    """The records of what is made for one paper."""
    folder = paths.paper_results(scale, paper)
    prepared = paths.DATA / "prepared" / scale / paper
    outputs = (f"{place.relative_to(paths.ROOT).as_posix()}/" for place in (folder, prepared))
    return Shelf(folder / FILE_NAME, tuple(outputs))


def of_suite(scale: str) -> Shelf:
    """The records of what is made from all papers: the report, and what was loaded into MLflow."""
    folder = paths.RESULTS / scale
    report, tracking = (
        path.relative_to(paths.ROOT).as_posix() for path in (paths.report(scale), folder / "tracking.json")
    )
    return Shelf(folder / FILE_NAME, (f"{report}/", tracking))


def _entry(name: str, record: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """A record with the digest of the output it is about; None where that is gone. An equal one stays as it was."""
    if before is not None and before["record"] == record:
        return before
    entry = {"sha256": _digest(paths.ROOT / name), "record": record}
    return before if before is not None and _lasting(before) == _lasting(entry) else entry


def _digest(output: Path) -> str | None:
    """Digest of a file, or of the files in a folder; None where there is neither."""
    if output.is_dir():
        files = [path for path in output.rglob("*") if path.is_file() and path.name != SNAKEMAKES_OWN]
        return digest_of_files(files, output)
    return sha256_of(output) if output.is_file() else None


def _lasting(entry: dict[str, Any]) -> dict[str, Any]:
    record = {key: value for key, value in entry["record"].items() if key not in _CHANGING}
    return {"sha256": entry["sha256"], "record": record}


# ------------------------------------------------------------------------------------- Snakemake's memory


def _memory_folder() -> Path:
    return paths.ROOT / ".snakemake"


def _remembered() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name of every output that Snakemake remembers, and its record. File names there are base64, cut into folders."""
    folder = _memory_folder() / "metadata"
    for path in folder.rglob("*"):
        if path.is_file():
            encoded = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            try:
                yield urlsafe_b64decode(encoded).decode(), json.loads(path.read_text(encoding="utf-8"))
            except ValueError:  # being written, or not a record
                continue
