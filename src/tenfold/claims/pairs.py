"""From metric rows to pairs: the two sides of a comparison, value against value, for each data set and seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tenfold.claims.arms import Arm, Choice, first_arm, second_arm
from tenfold.claims.outcomes import outcomes_of
from tenfold.claims.table import TRUST, ResultTable
from tenfold.config import Comparison, DataKind

if TYPE_CHECKING:
    from tenfold.statistics import Array


@dataclass(frozen=True, eq=False)
class DatasetPairs:
    """All pairs of one data set, and what is missing."""

    dataset: str
    kind: DataKind
    """The less trusted one where the two sides stand on different data sets."""
    seeds: tuple[int, ...]
    first: Array
    """(S,) values of the first side, one per seed."""
    second: Array
    """(S,) values of the side it is compared with, or the fixed value repeated."""
    constant: bool
    """Neither side has randomness: more seeds would add nothing."""
    dropped: int
    notes: tuple[str, ...]
    first_samples: tuple[Array, ...] = ()
    """Unit `sample`: for each seed the outcomes whose mean is `first`; likewise `second_samples`."""
    second_samples: tuple[Array, ...] = ()


def collect(comparison: Comparison, table: ResultTable) -> list[DatasetPairs]:
    """Pairs of every data set that the comparison is about, sorted by name; a data set without pairs says why.

    With no data sets named, those count that have both sides, or would have them had a planned run not gone missing.
    """
    first, second = first_arm(comparison, table.paper), second_arm(comparison, table.paper)
    found = []
    for dataset in sorted(set(comparison.datasets)) or table.datasets:
        if second and second.dataset == dataset and _alike(first, second):
            continue  # a data set is not compared with itself
        sides = [(first, dataset)] + ([(second, second.dataset or dataset)] if second else [])
        if comparison.datasets or _expected(table, sides):
            found.append(_pairs_of(comparison, table, dataset, sides))
    return found


def _alike(first: Arm, second: Arm) -> bool:
    return (first.methods, first.split, first.metric) == (second.methods, second.split, second.metric)


def _expected(table: ResultTable, sides: list[tuple[Arm, str]]) -> bool:
    """Whether both sides are measured on their data set, or were planned there and left nothing at all."""

    def expected(arm: Arm, where: str, method: str) -> bool:
        measured = bool(table.values(where, method, arm.split, arm.metric))
        return measured or (table.knows(where, method) and not table.was_run(where, method))

    return all(
        (all if arm.complete else any)(expected(arm, where, method) for method in arm.methods) for arm, where in sides
    )


def _pairs_of(comparison: Comparison, table: ResultTable, dataset: str, sides: list[tuple[Arm, str]]) -> DatasetPairs:
    title = table.paper.datasets[dataset].title
    notes = [note for arm, where in sides for note in arm.missing(table, where)]
    constant = [arm.constant(table, where) for arm, where in sides]
    runs = [arm.choices(table, where) for arm, where in sides]
    if len(sides) == 2:
        runs = [_broadcast(runs[0], runs[1], constant[0]), _broadcast(runs[1], runs[0], constant[1])]
    else:
        runs.append({seed: Choice("", seed, float(comparison.against)) for seed in runs[0]})  # type: ignore[arg-type]
    seeds = sorted(set(runs[0]) & set(runs[1]))
    lonely = len(set(runs[0]) ^ set(runs[1]))
    if lonely and (seeds or not notes):  # a side that is missing altogether has its own note
        notes.append(f"{lonely} seed{'s' if lonely > 1 else ''} of {title} without a partner dropped")
    matched = len(seeds)
    outcomes: list[tuple[Array, ...]] = [(), ()]
    if comparison.unit == "sample":
        seeds, outcomes, reasons = outcomes_of(comparison, table, sides, runs, seeds)
        values = [np.array([group.mean() for group in groups]) for groups in outcomes]
        notes += reasons
    else:
        values = [np.array([side[seed].value for seed in seeds], dtype=np.float64) for side in runs]
        usable = np.isfinite(values[0]) & np.isfinite(values[1])
        values = [side[usable] for side in values]
        seeds = [seed for seed, use in zip(seeds, usable, strict=True) if use]
        if unusable := matched - len(seeds):
            plural = "s" if unusable > 1 else ""
            notes.append(f"{unusable} pair{plural} of {title} dropped because a value is not a finite number")
    return DatasetPairs(
        dataset=dataset,
        kind=min((table.kind(where) for _, where in sides), key=TRUST.index),
        seeds=tuple(seeds),
        first=values[0],
        second=values[1],
        constant=all(constant),
        dropped=lonely + matched - len(seeds),
        notes=tuple(dict.fromkeys(notes)),
        first_samples=outcomes[0],
        second_samples=outcomes[1],
    )


def _broadcast(runs: dict[int, Choice], others: dict[int, Choice], constant: bool) -> dict[int, Choice]:
    """A side without randomness stands against every seed of the other side."""
    if constant and runs and others:
        return dict.fromkeys(others, next(iter(runs.values())))
    return runs
