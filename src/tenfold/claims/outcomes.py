"""Per-sample outcomes of the runs that a comparison looks at: read, matched, and freed of samples without a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from tenfold.claims.arms import Arm, Choice
from tenfold.claims.table import ResultTable
from tenfold.config import Comparison
from tenfold.evaluation import sample_key
from tenfold.files import read_arrays
from tenfold.training.job import Job

if TYPE_CHECKING:
    from tenfold.statistics import Array


class RunSamples:
    """Per-sample outcomes read from the runs' samples.npz; the file read last is kept in memory."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._files = {
            (job.dataset, job.method, seed): job.directory / "samples.npz" for job in jobs for seed in job.seeds
        }
        self._loaded: tuple[object, dict[str, np.ndarray]] = (None, {})

    def __call__(self, dataset: str, method: str, seed: int, split: str, metric: str) -> np.ndarray | None:
        """Outcomes (n,), or None where there are none. Raises ResultError when the file is damaged."""
        path = self._files.get((dataset, method, seed))
        if path is None or not path.is_file():
            return None
        if self._loaded[0] != path:
            self._loaded = (path, read_arrays(path))
        return self._loaded[1].get(sample_key(seed, split, metric))


def outcomes_of(
    comparison: Comparison,
    table: ResultTable,
    sides: list[tuple[Arm, str]],
    runs: list[dict[int, Choice]],
    seeds: list[int],
) -> tuple[list[int], list[tuple[Array, ...]], list[str]]:
    """Seeds that have outcomes on both sides, those outcomes for the first and second side, and what is missing."""
    kept, groups, notes = [], [], []
    for seed in seeds:
        found = []
        for (arm, where), choices in zip(sides, runs, strict=False):  # a fixed value has no outcomes to read
            samples = table.samples(where, choices[seed].method, choices[seed].seed, arm.split, arm.metric)
            if samples is None:
                title = f"{table.paper.methods[choices[seed].method].title} on {table.paper.datasets[where].title}"
                notes.append(f"{title} has no outcomes per sample of {table.paper.metrics[arm.metric].title}")
            else:
                found.append(np.asarray(samples, dtype=np.float64).ravel())
        if len(found) < len(sides):
            continue
        if len(sides) == 1:
            found.append(np.full(len(found[0]), runs[1][seed].value))
        if comparison.paired and len(found[0]) != len(found[1]):
            title = table.paper.datasets[sides[0][1]].title
            notes.append(
                f"the sides have {len(found[0])} and {len(found[1])} samples on {title} (seed {seed}) "
                f"and cannot be paired"
            )
            continue
        kept.append(seed)
        groups.append(found)
    first, second = [group[0] for group in groups], [group[1] for group in groups]
    if comparison.paired:
        unusable = _drop_undefined([first, second])
    else:
        unusable = _drop_undefined([first]) + _drop_undefined([second])
    if unusable:
        title = table.paper.datasets[sides[0][1]].title
        notes.append(f"{unusable} sample{'s' if unusable > 1 else ''} of {title} without a finite value dropped")
    full = [position for position in range(len(kept)) if len(first[position]) and len(second[position])]
    return (
        [kept[position] for position in full],
        [tuple(side[position] for position in full) for side in (first, second)],
        notes,
    )


def _drop_undefined(sides: list[list[Array]]) -> int:
    """Remove samples without a finite value, in place; returns how many.

    Where all seeds have equally many samples these are the same samples, and one that is undefined anywhere goes
    everywhere; otherwise each seed is cleaned by itself.
    """
    seeds = range(len(sides[0]))
    if not seeds:
        return 0
    good = [np.logical_and.reduce([np.isfinite(side[seed]) for side in sides]) for seed in seeds]
    if len({len(mask) for mask in good}) == 1:
        everywhere = np.logical_and.reduce(good)
        good = [everywhere for _ in seeds]
        dropped = int((~everywhere).sum())
    else:
        dropped = sum(int((~mask).sum()) for mask in good)
    for side in sides:
        side[:] = [values[mask] for values, mask in zip(side, good, strict=True)]
    return dropped
