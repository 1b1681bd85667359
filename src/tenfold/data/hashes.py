"""Hashes of raw files, remembered by size and modification time: a large file is read once, not at every parse."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from tenfold import paths
from tenfold.provenance import sha256_of


def of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Name -> sha256 of files in a folder as they are on disk. Raises OSError when one cannot be read."""
    memory = _memory(folder)
    known = _read(memory)
    found, seen = {}, {}
    for name in names:
        status = (folder / name).stat()
        stamp = [status.st_size, status.st_mtime_ns, status.st_ino]
        stamp_then, sha256 = known.get(name, (None, ""))
        found[name] = sha256 if stamp_then == stamp else sha256_of(folder / name)
        seen[name] = (stamp, found[name])
    if any(known.get(name) != [*entry] for name, entry in seen.items()):
        _write(memory, seen)
    return found


def _memory(folder: Path) -> Path:
    return paths.CACHE / "hashes" / f"{folder.name}.json"


def _read(memory: Path) -> dict[str, list]:
    try:
        return json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write(memory: Path, seen: dict[str, tuple[list[int], str]]) -> None:
    """What cannot be remembered is read again next time."""
    part = memory.with_suffix(f".{os.getpid()}.part")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(seen), encoding="utf-8")
        part.replace(memory)
    except OSError:
        part.unlink(missing_ok=True)
