"""What a paper's prepare stage gets and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Companion:
    """A raw data set that prepare reads beside the main one, such as pretrained weights."""

    raw: Path
    reader: str
    reader_settings: dict[str, Any] = field(default_factory=dict)

    def read(self) -> Any:
        """What its reader makes of its files."""
        from tenfold.data.readers import read

        return read(self.reader, self.raw, self.reader_settings)


@dataclass(frozen=True)
class Preparation:
    """Input of `prepare(task)`: where the raw files are and what is asked."""

    paper: str
    dataset: str
    settings: dict[str, Any]
    """The data set's and the scale's prepare settings, resolved."""
    seeds: tuple[int, ...] = ()
    """Every seed of the scale, for data that differs by seed."""
    raw: Path | None = None
    """Folder of the raw files; None when the data set is generated here."""
    reader: str | None = None
    """`<module>.<function>` under tenfold.data.readers, of the source that was used."""
    reader_settings: dict[str, Any] = field(default_factory=dict)
    companions: dict[str, Companion] = field(default_factory=dict)
    """By the names that the paper's YAML gives them."""


@dataclass(frozen=True)
class Prepared:
    """Output of `prepare(task)`: arrays for training and evaluation, and counts to compare with the paper's."""

    arrays: dict[str, np.ndarray]
    statistics: dict[str, float]
