"""Claim C4m, without any training: how uniform the views of each operator are at each position."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenfold.papers.ticoserec import uniformity
from tenfold.papers.ticoserec.intervals import time_unit
from tenfold.papers.ticoserec.operators import At, Batch
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.papers.ticoserec.views import LENGTH_CLASSES, train_gaps
from tenfold.training.run import Run

SHORTEST = 5
"""Train inputs: the claim is on sequences longer than 4."""

POSITIONS: tuple[At, ...] = ("smallest", "random", "largest")
SECONDS_A_DAY = 86_400

StdOf = Callable[[Batch, float, At, np.random.Generator], np.ndarray]
OPERATORS: dict[str, StdOf] = {
    "crop": uniformity.crop_std,
    "insert": uniformity.insert_std,
    "mask": uniformity.mask_std,
}


def run_views(run: Run, settings: Train) -> None:
    """Interval standard deviation in days of every view, one number per user: splits `plain`, `crop-smallest` ..."""
    sequences = Sequences.from_arrays(run.data)
    users = np.flatnonzero(sequences.train_inputs.lengths >= SHORTEST)
    users = users[np.argsort(sequences.train_inputs.lengths[users], kind="stable")]
    items, gaps = sequences.train_inputs, train_gaps(sequences)
    limits = np.searchsorted(items.lengths[users], LENGTH_CLASSES, side="right")
    batches = [Batch.of(items.take(part), gaps.take(part)) for part in np.split(users, limits) if len(part)]
    unit = time_unit(sequences.times)

    predictions: dict[str, np.ndarray] = {}
    for seed in run.seeds:
        plain = [uniformity.plain_std(batch) for batch in batches]
        predictions[f"{seed}/plain/interval-std"] = _days(plain, unit)
        for name, std in OPERATORS.items():
            rate = getattr(settings.views, name).rate
            for at in POSITIONS:
                generator = run.numpy_generator(seed, "view-uniformity", name, at)
                views = [std(batch, rate, at, generator) for batch in batches]
                predictions[f"{seed}/{name}-{at}/interval-std"] = _days(views, unit)
    run.save_predictions(predictions)


def _days(parts: list[np.ndarray], unit: int) -> np.ndarray:
    """All parts, from multiples of `unit` seconds to days."""
    return (np.concatenate(parts) * (unit / SECONDS_A_DAY)).astype(np.float32)
