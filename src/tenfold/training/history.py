"""The history of a run: one JSON line per logged step, append-only, cut back to the checkpoint on resume."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class History:
    """Appends rows to a JSON-lines file. Rows are flushed at once, so a viewer can follow a running job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def append(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, allow_nan=False) + "\n")
        self._file.flush()

    def position(self) -> int:
        """Bytes written so far, all of them on disk."""
        os.fsync(self._file.fileno())
        return self._file.tell()

    def cut(self, position: int) -> None:
        """Forget what was written after `position`: steps that a resumed run does again."""
        self._file.truncate(position)
        self._file.seek(position)

    def close(self) -> None:
        self._file.close()
