"""What a check of `tenfold doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One finding. `bad` stops a build; `note` does not."""

    level: Literal["ok", "note", "bad"]
    name: str
    found: str
    remedy: str = ""
