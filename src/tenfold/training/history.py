"""The history of a run: one JSON line per logged step, append-only, cut back to the checkpoint on resume."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class History:
    """Appends rows to a JSON-lines file. Rows are flushed at once, so a viewer can follow a running job.

    `keep` marks what a checkpoint covers; `rewind` forgets what was written after that: steps that a resumed run does
    again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._kept = 0

    def append(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, allow_nan=False) + "\n")
        self._file.flush()

    def keep(self) -> int:
        """All rows so far are covered by a checkpoint. Returns their length in bytes, which are now on disk."""
        os.fsync(self._file.fileno())
        self._kept = self._file.tell()
        return self._kept

    def kept_until(self, position: int) -> None:
        """A checkpoint read back from disk covers the first `position` bytes."""
        self._kept = max(self._kept, position)

    def rewind(self) -> None:
        """Forget the rows that no checkpoint covers."""
        end = min(self._kept, self.path.stat().st_size)
        self._file.truncate(end)
        self._file.seek(end)

    def close(self) -> None:
        self._file.close()
