"""Reader of the short-video challenge (IEEE ICME 2019, TikTok): whole numbers in tab-separated columns, no header."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tenfold.errors import DataError

COLUMNS = (
    "uid", "user_city", "item_id", "author_id", "item_city", "channel", "finish", "like", "music_id", "device", "time",
    "duration_time",
)  # fmt: skip
LABELS = ("finish", "like")


def tiktok(folder: Path, *, file: str = "videos.tsv", rows: int | None = None) -> dict[str, np.ndarray]:
    """Columns (N,) int64 by name; -1 stands for what is missing. `rows`: read only the first so many lines.

    Raises DataError for a file that is missing or malformed, or a label other than 0 and 1.
    """
    import pandas as pd

    path = folder / file
    try:
        frame = pd.read_csv(path, sep="\t", header=None, dtype=np.int64, nrows=rows)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; fetch the data again") from None
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: {len(COLUMNS)} tab-separated whole numbers a line are expected ({error})") from error
    if frame.shape[1] != len(COLUMNS):
        raise DataError(f"{path}: {frame.shape[1]} columns instead of {len(COLUMNS)}")
    frame.columns = list(COLUMNS)
    for label in LABELS:
        wrong = np.flatnonzero(~frame[label].isin((0, 1)))
        if wrong.size:
            raise DataError(f"{path}: line {wrong[0] + 1}: {label} is {frame[label].iloc[wrong[0]]}, must be 0 or 1")
    return {name: frame[name].to_numpy() for name in COLUMNS}
