"""Reading the histories of runs: JSON lines with `loop`, `step`, maybe `seed`, and the logged values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_SEED_IN_LOOP = re.compile(r"[-_/ ]?seed[-_/ ]?(\d+)", re.IGNORECASE)
_NOT_VALUES = frozenset({"loop", "seed", "step"})


def history_rows(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Rows of a history; a line that is cut off, as a killed job leaves it, is skipped."""
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row


def stage_and_seed(row: dict[str, Any]) -> tuple[str, int | None]:
    """What was trained, and for which seed; None where a loop trains all seeds of its job.

    The seed is the row's own, or else the one in its loop's name: `warm-up seed-3 -> ("warm-up", 3)`.
    """
    loop = str(row.get("loop", ""))
    named = _SEED_IN_LOOP.search(loop)
    seed = row.get("seed", int(named.group(1)) if named else None)
    return _SEED_IN_LOOP.sub("", loop).strip(" -_/"), seed


def logged_values(row: dict[str, Any]) -> dict[str, float]:
    """The numbers that the row logs."""
    return {
        key: float(value)
        for key, value in row.items()
        if key not in _NOT_VALUES and isinstance(value, int | float) and not isinstance(value, bool)
    }
