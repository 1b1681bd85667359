"""The class of a label: the easy task's target, for each data set by its own rule."""

from __future__ import annotations

from typing import Literal

import numpy as np

ClassRule = Literal["live", "tens", "csiq", "bid", "pseudo"]

CLASSES: dict[ClassRule, int] = {"live": 10, "tens": 10, "csiq": 11, "bid": 10, "pseudo": 10}
"""Number of classes. The code has 10 everywhere, though its rule for CSIQ gives 0 to 10."""
DROPPED = -1
"""Class of an image that takes no part."""


def classes_of(scores: np.ndarray, rule: ClassRule) -> np.ndarray:
    """Classes (N,) int64 of scores (N,) in the data set's own unit.

    live: min(trunc(|y| / 10), 9), and y < 0 is dropped; tens (LIVE-C, KonIQ): round(y / 10), half to even; csiq:
    round(10 y); bid: trunc(y / 0.5); pseudo (generated set): min(floor(y / 10), 9).
    """
    scores = np.asarray(scores, dtype=np.float64)
    if rule == "live":
        return np.where(scores < 0, DROPPED, np.minimum(np.trunc(np.abs(scores) / 10), 9)).astype(np.int64)
    found = {
        "tens": lambda y: np.round(y / 10),
        "csiq": lambda y: np.round(10 * y),
        "bid": lambda y: np.trunc(y / 0.5),
        "pseudo": lambda y: np.minimum(np.floor(y / 10), 9),
    }[rule](scores).astype(np.int64)
    if found.min() < 0 or found.max() >= CLASSES[rule]:
        raise ValueError(f"scores from {scores.min():g} to {scores.max():g} do not fit the classes of {rule!r}")
    return found
