"""One side of a comparison: which run, or mean of runs, stands for it at each seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tenfold.claims.table import ResultTable, in_words, seeds_in_words
from tenfold.config import BestOf, Comparison, MeanOf, PaperConfig, Side, methods_of


@dataclass(frozen=True)
class Choice:
    """The run that stands for one side at one seed."""

    method: str
    """The first of several where `value` is their mean."""
    seed: int
    """Seed of the run; differs from the seed it stands for where a deterministic method ran once."""
    value: float


@dataclass(frozen=True)
class Arm:
    """A method, or several of which the best or the mean is taken, on a split and metric."""

    methods: tuple[str, ...]
    split: str
    metric: str
    dataset: str | None
    """One fixed data set; None: the one that is looked at."""
    chooser: tuple[str, str]
    """Split and metric by which the best of several is chosen."""
    sign: int
    """1 where a higher value of the chooser is better, -1 where a lower one is."""
    complete: bool
    """Every candidate must be there: a baseline that went missing must not make the best baseline weaker."""
    mean: str | None = None
    """Of several methods, their mean of this kind instead of the best."""

    def seeds(self, table: ResultTable, dataset: str) -> list[int]:
        """Seeds with a value: those of the random methods, or the single one of deterministic methods."""
        values = self._values(table, dataset)
        fixed = self._fixed(table, values)
        random = [set(values[method]) for method in self.methods if method not in fixed]
        joined = random or [set(values[method]) for method in self.methods]
        return sorted(set.intersection(*joined) if self.complete else set.union(*joined))

    def constant(self, table: ResultTable, dataset: str) -> bool:
        """Whether this side has the same value at every seed: no randomness, run once."""
        return len(self._fixed(table, self._values(table, dataset))) == len(self.methods)

    def choices(self, table: ResultTable, dataset: str) -> dict[int, Choice]:
        """Seed -> the run that stands for this side; seeds where the best cannot be chosen fairly are left out."""
        values = self._values(table, dataset)
        fixed = self._fixed(table, values)
        if self.complete and not all(values.values()):
            return {}
        chosen = {}
        for seed in self.seeds(table, dataset):
            runs = [
                Choice(method, own, values[method][own])
                for method in self.methods
                for own in (values[method] if method in fixed else [seed])
                if own in values[method]
            ]
            if self.mean is not None:
                runs = [Choice(self.methods[0], seed, _mean([run.value for run in runs], self.mean))]
            elif len(self.methods) > 1:
                scores = [self._score(table, dataset, run, seed, run.method in fixed) for run in runs]
                runs = [] if max(scores) == -math.inf else [runs[scores.index(max(scores))]]
            if runs:
                chosen[seed] = runs[0]
        return chosen

    def missing(self, table: ResultTable, dataset: str) -> list[str]:
        """What this side lacks on a data set, and why, each as the beginning of a sentence."""
        reasons = [table.missing(dataset, method, self.split, self.metric) for method in self.methods]
        notes = [reason for reason in reasons if reason]
        without = [seed for seed in self.seeds(table, dataset) if seed not in self.choices(table, dataset)]
        if without and not notes:
            titles = in_words(table.paper.methods[method].title for method in self.methods)
            notes.append(
                f"the best of {titles} on {table.paper.datasets[dataset].title} cannot be chosen for "
                f"{seeds_in_words(without)} without looking at the compared value"
            )
        return notes

    def _values(self, table: ResultTable, dataset: str) -> dict[str, Mapping[int, float]]:
        return {method: table.values(dataset, method, self.split, self.metric) for method in self.methods}

    def _fixed(self, table: ResultTable, values: Mapping[str, Mapping[int, float]]) -> set[str]:
        return {m for m in self.methods if table.paper.methods[m].deterministic and len(values[m]) <= 1}

    def _score(self, table: ResultTable, dataset: str, run: Choice, seed: int, fixed: bool) -> float:
        """How good a candidate looks without the value that will be compared; -inf where that is not known."""
        if self.chooser != (self.split, self.metric):
            values = table.values(dataset, run.method, *self.chooser)
            scores = [values[run.seed]] if run.seed in values else []
        elif fixed:
            scores = [run.value]
        else:
            values = table.values(dataset, run.method, self.split, self.metric)
            scores = [value for other, value in values.items() if other != seed]
        finite = [score for score in scores if math.isfinite(score)]
        return self.sign * math.fsum(finite) / len(finite) if finite else -math.inf


def first_arm(comparison: Comparison, paper: PaperConfig) -> Arm:
    """The side that the comparison is about."""
    return _arm(comparison.method, comparison.split, comparison.metric, None, False, paper)


def second_arm(comparison: Comparison, paper: PaperConfig) -> Arm | None:
    """The side that it is compared with; None for a fixed value."""
    side = comparison.against
    if not isinstance(side, Side):
        return None
    method = comparison.method if side.method is None else side.method
    split, metric = side.split or comparison.split, side.metric or comparison.metric
    return _arm(method, split, metric, side.dataset, True, paper)


def _mean(values: list[float], kind: str) -> float:
    """Not a number where a value is none, or where a harmonic mean meets a value that is not positive."""
    if kind == "arithmetic":
        return math.fsum(values) / len(values)
    return len(values) / math.fsum(1 / value for value in values) if min(values) > 0 else math.nan


def _arm(
    method: str | BestOf | MeanOf, split: str, metric: str, dataset: str | None, complete: bool, paper: PaperConfig
) -> Arm:
    chooser = (split, metric)
    if isinstance(method, BestOf):
        chooser = (method.split or split, method.metric or metric)
    mean = method.mean if isinstance(method, MeanOf) else None
    sign = -1 if paper.metrics[chooser[1]].higher_is_better is False else 1
    complete = complete or mean is not None
    return Arm(tuple(methods_of(method)), split, metric, dataset, chooser, sign, complete, mean)


def compared(paper: PaperConfig) -> set[tuple[str, str, str, str]]:
    """What the claims of a paper compare: data set, method, split, metric of every side of every comparison."""
    return {
        (arm.dataset or dataset, method, arm.split, arm.metric)
        for claim in paper.claims
        for comparison in claim.comparisons
        for arm in (first_arm(comparison, paper), second_arm(comparison, paper))
        if arm is not None
        for method in arm.methods
        for dataset in comparison.datasets or paper.datasets
    }
