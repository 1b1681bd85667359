"""The paper's measured values by data set, method, split, metric and seed, and why one of them is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from tenfold.config import DataKind, PaperConfig
from tenfold.errors import ResultError
from tenfold.evaluation import MetricRow
from tenfold.training.job import Job

if TYPE_CHECKING:
    import numpy as np

Failures = Mapping[tuple[str, str, tuple[int, ...]], str]
"""(data set, method, seeds) of each job that failed -> its message."""

Samples = Callable[[str, str, int, str, str], "np.ndarray | None"]
"""(data set, method, seed, split, metric) -> per-sample outcomes, or None where evaluation kept none."""

TRUST: tuple[DataKind, ...] = ("synthetic", "real", "paper")
"""Kinds of data, from the least to the most telling about the paper."""
_SEEDS_SHOWN = 5


class ResultTable:
    """Metric rows, indexed; together with what the scale planned and what failed."""

    def __init__(
        self,
        paper: PaperConfig,
        rows: Iterable[MetricRow],
        samples: Samples,
        planned: Iterable[Job],
        failures: Failures,
    ) -> None:
        self.paper = paper
        self.samples = samples
        self._values: dict[tuple[str, str, str, str], dict[int, float]] = defaultdict(dict)
        self._finished: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._kinds: dict[str, DataKind] = {name: dataset.kind for name, dataset in paper.datasets.items()}
        for row in rows:
            if row.paper != paper.slug or row.dataset not in paper.datasets or row.method not in paper.methods:
                continue  # left from settings that have changed since
            if row.data_kind not in TRUST:
                raise ResultError(f"{paper.slug}: metrics.csv has the data kind {row.data_kind!r}; evaluate again")
            values = self._values[row.dataset, row.method, row.split, row.metric]
            if row.seed in values:
                raise ResultError(
                    f"{paper.slug}: metrics.csv gives {row.metric} of {row.method} on {row.dataset} ({row.split}, "
                    f"seed {row.seed}) twice; run `tenfold evaluate` again"
                )
            values[row.seed] = row.value
            self._finished[row.dataset, row.method].add(row.seed)
            self._kinds[row.dataset] = row.data_kind  # type: ignore[assignment]
        self._planned: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.scale = "this scale"
        for job in planned:
            if job.paper != paper.slug:
                continue
            self._planned[job.dataset, job.method].update(job.seeds)
            self.scale = f"scale {job.scale}"
        self._failures = {
            (dataset, method, seed): reason for (dataset, method, seeds), reason in failures.items() for seed in seeds
        }

    @property
    def datasets(self) -> list[str]:
        """Data sets that were planned or measured, sorted."""
        return sorted({dataset for dataset, _ in [*self._planned, *self._finished]})

    def kind(self, dataset: str) -> DataKind:
        return self._kinds[dataset]

    def values(self, dataset: str, method: str, split: str, metric: str) -> Mapping[int, float]:
        """Seed -> value, sorted by seed; empty where nothing was measured."""
        return dict(sorted(self._values.get((dataset, method, split, metric), {}).items()))

    def knows(self, dataset: str, method: str) -> bool:
        """Whether the scale runs this method on this data set, or a result of it exists."""
        return bool(self._planned.get((dataset, method)) or self._finished.get((dataset, method)))

    def was_run(self, dataset: str, method: str) -> bool:
        """Whether any result of this method on this data set exists."""
        return bool(self._finished.get((dataset, method)))

    def missing(self, dataset: str, method: str, split: str, metric: str) -> str | None:
        """Why some planned values are not there, as the beginning of a sentence; None when all are."""
        key = (dataset, method)
        title = f"{self.paper.methods[method].title} on {self.paper.datasets[dataset].title}"
        if not self.knows(dataset, method):
            return f"{self.scale} does not run {title}"
        absent = self._planned.get(key, set()) - set(self._values.get((*key, split, metric), {}))
        unfinished = sorted(absent - self._finished.get(key, set()))
        if unfinished:
            failed = {self._failures[(*key, seed)] for seed in unfinished if (*key, seed) in self._failures}
            why = f" (failed: {'; '.join(sorted(text.rstrip('. ') for text in failed))})" if failed else ""
            return f"{title} has no result for {seeds_in_words(unfinished)}{why}"
        if absent or (*key, split, metric) not in self._values:
            return f"the evaluation of {title} gives no {self.paper.metrics[metric].title} on split {split}"
        return None


def seeds_in_words(seeds: Iterable[int]) -> str:
    """`[0] -> "seed 0"`, `[0, 1, 4] -> "seeds 0, 1 and 4"`; many are only counted."""
    seeds = list(seeds)
    if len(seeds) > _SEEDS_SHOWN:
        return f"{len(seeds)} seeds"
    return f"seed{'s' if len(seeds) > 1 else ''} {in_words(map(str, seeds))}"


def in_words(names: Iterable[str]) -> str:
    """`["a", "b", "c"] -> "a, b and c"`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
