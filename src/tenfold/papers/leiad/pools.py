"""The pools of a job: from the prepared series and from the finished run of TS2Vec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tenfold.papers.leiad.pool import Pool

SIDES = ("train", "test")


def prepared(folder: Path, *names: str) -> dict[str, np.ndarray]:
    """Some arrays of the prepare stage. The features are large, so a job reads only what it needs."""
    with np.load(folder / "data.npz", allow_pickle=False) as file:
        return {name: file[name] for name in names}


def arrays_of_series(folder: Path, seed: int) -> dict[str, np.ndarray]:
    """What pools are made of, and which series are in those of a seed."""
    every = ("names", "offsets", "timestamps", "values", "labels", "detector_names", "scores", "features")
    return prepared(folder, *every, *(f"{seed}/{side}_series" for side in SIDES))


def pools(arrays: Mapping[str, np.ndarray], learnt: Mapping[str, np.ndarray], seed: int) -> tuple[Pool, Pool]:
    """Training and test pool of a seed; `learnt` are the predictions of the run of TS2Vec."""
    train, test = (
        Pool.of_series(
            arrays,
            arrays[f"{seed}/{side}_series"],
            learnt[f"{seed}/{side}/representations"],
            learnt[f"{seed}/{side}_scores"],
        )
        for side in SIDES
    )
    return train, test


def labels_of(folder: Path, seed: int, side: str) -> tuple[np.ndarray, np.ndarray]:
    """True labels (N,) of a seed's pool, and where its series start (S + 1,)."""
    arrays = prepared(folder, "offsets", "labels", f"{seed}/{side}_series")
    offsets, series = arrays["offsets"], arrays[f"{seed}/{side}_series"]
    parts = [arrays["labels"][offsets[place] : offsets[place + 1]] for place in series]
    return np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])])
