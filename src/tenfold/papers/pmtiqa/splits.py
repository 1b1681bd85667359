"""Random 80/20 splits by reference photograph, or by image where there is none; averaging over crops."""

from __future__ import annotations

import numpy as np

TRAINING_SHARE = 0.8


def split_units(units: np.ndarray, generator: np.random.Generator, share: float = TRAINING_SHARE) -> np.ndarray:
    """Whether each image (N,) trains: `round(share n)` of the n distinct units, drawn at random, and all their images.

    Units are sorted before they are shuffled, so the draw does not depend on the order of files on a disk.
    """
    distinct = np.unique(units)
    chosen = generator.permutation(distinct)[: round(share * len(distinct))]
    return np.isin(units, chosen)


def mean_over_crops(values: np.ndarray, crops: int) -> np.ndarray:
    """(N * crops,), the crops of an image side by side -> (N,)."""
    return np.asarray(values).reshape(-1, crops).mean(1)
