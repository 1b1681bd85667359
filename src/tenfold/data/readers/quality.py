"""Readers of tables of image quality: scores that people gave, with or without feature vectors of the images."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tenfold.errors import DataError

_BIN = re.compile(r"(\w+)_\d+$")


@dataclass(frozen=True)
class QualityTable:
    """Scores (N,) float64, and names of the images, of their reference photographs and of their distortions.

    The latter two are "" where there are none. Histograms: block -> counts (N, bins).
    """

    images: np.ndarray
    references: np.ndarray
    distortions: np.ndarray
    scores: np.ndarray
    blocks: dict[str, np.ndarray] = field(default_factory=dict)


def table(folder: Path, *, file: str = "features.csv.gz") -> QualityTable:
    """A CSV of rated images, one a line.

    Columns: `image`, `score`; where the images have them, `reference`, `distortion`; and `<block>_<bin>` with counts of
    histograms. Raises DataError for a file that is missing or malformed.
    """
    import pandas as pd

    path = folder / file
    try:
        frame = pd.read_csv(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; fetch the data again") from None
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: is not a readable CSV ({error})") from error
    if missing := [name for name in ("image", "score") if name not in frame]:
        raise DataError(f"{path}: there is no column {missing[0]!r}")
    if not pd.api.types.is_numeric_dtype(frame["score"]) or frame["score"].isna().any():
        raise DataError(f"{path}: column 'score' must hold a number in every row")
    columns: dict[str, list[str]] = {}
    for name in frame.columns:
        if match := _BIN.match(str(name)):
            columns.setdefault(match.group(1), []).append(str(name))
    blocks = {block: frame[names].to_numpy() for block, names in columns.items()}
    for block, counts in blocks.items():
        if counts.dtype.kind not in "iu" or (counts.sum(1) == 0).any():
            raise DataError(f"{path}: {block}: counts must be whole numbers, not all of them zero in a row")
    return QualityTable(
        _texts(frame, "image"), _texts(frame, "reference"), _texts(frame, "distortion"),
        frame["score"].to_numpy(dtype=np.float64), blocks,
    )  # fmt: skip


def _texts(frame, name: str) -> np.ndarray:  # type: ignore[no-untyped-def]
    values = frame[name].astype(str) if name in frame else [""] * len(frame)
    return np.array(list(values), dtype=str)
