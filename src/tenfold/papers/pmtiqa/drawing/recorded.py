"""What finished runs recorded, found again for figures and tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np

from tenfold.results import Results
from tenfold.training.finished import FinishedRun

SCHEDULES = ("no-pmt", "fixed-weights", "pmtiqa", "reversed")
ARM_TITLES = {
    "no-pmt": "regression only", "fixed-weights": "fixed (1, 1)", "pmtiqa": "progressive", "reversed": "reversed",
}  # fmt: skip
SPANS = {"live": 100.0, "tens": 100.0, "csiq": 1.0, "bid": 5.0, "pseudo": 100.0}
"""Rule of the classes -> what the labels span in the data set's own unit."""


def rule(results: Results, dataset: str) -> str:
    """The rule by which a data set's scores fall into classes."""
    return str(results.paper.datasets[dataset].prepare["rule"])


def score_name(results: Results, dataset: str) -> str:
    """What the scores of a data set are: never without the word where no person gave them."""
    kinds = {"live": "DMOS", "csiq": "DMOS", "tens": "MOS", "bid": "MOS", "pseudo": "pseudo-score"}
    return kinds[rule(results, dataset)]


def panel_title(results: Results, dataset: str, width: int) -> str:
    """Label of a data set, broken into lines of at most so many letters."""
    return textwrap.fill(results.label(dataset), width, break_on_hyphens=False)


def measured(results: Results, methods: Iterable[str]) -> list[str]:
    """Data sets on which all these methods have run, the paper's own first, then in the order of its YAML."""
    wanted = set(methods)
    frame = results.metrics
    found = [name for name in results.paper.datasets if wanted <= set(frame[frame["dataset"] == name]["method"])]
    return sorted(found, key=lambda name: results.kind(name) != "paper")


def any_run(results: Results, dataset: str) -> FinishedRun | None:
    """A finished run on a data set, for what belongs to the data alone."""
    return next((run for run in results.runs() if run.dataset == dataset), None)


def values(results: Results, dataset: str, method: str, metric: str, split: str = "test") -> dict[int, float]:
    """Seed -> value."""
    return results.values(metric, split).get((dataset, method), {})


def paired(first: dict[int, float], second: dict[int, float]) -> np.ndarray:
    """Differences first - second of the seeds that both have."""
    return np.array([first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())])


def median_and_range(found: Sequence[float], number_format: str) -> str:
    """`0.812 (0.701 to 0.880)`: median, lowest and highest over splits; the value alone for a single one."""
    if not len(found):
        return ""
    middle, low, high = (format(one, number_format) for one in (np.median(found), min(found), max(found)))
    return middle if len(found) == 1 else f"{middle} ({low} to {high})"


def difference_in_words(found: np.ndarray) -> str:
    """`+0.024 ± 0.009, 4 of 5`: mean paired difference, its standard error, and on how many splits it is positive."""
    if not len(found):
        return ""
    if len(found) == 1:
        return f"{found[0]:+.3f}"
    return (
        f"{found.mean():+.3f} ± {found.std(ddof=1) / len(found) ** 0.5:.3f}, {int((found > 0).sum())} of {len(found)}"
    )
