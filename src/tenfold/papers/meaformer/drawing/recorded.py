"""What finished runs recorded, found again for figures and tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import numpy as np

from tenfold.papers.meaformer.evaluate import part
from tenfold.results import Results, Values
from tenfold.training.finished import FinishedRun

NOISY = "-noisy"
"""Ending of a data set whose pictures are permuted."""
FREEBASE = "fb"
"""Start of the Freebase pairs' names."""


def paired(found: Values, first: tuple[str, str], second: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Values of two (data set, method) at the seeds that both have."""
    one, other = found.get(first, {}), found.get(second, {})
    seeds = sorted(set(one) & set(other))
    return np.array([one[seed] for seed in seeds]), np.array([other[seed] for seed in seeds])


def datasets_of(results: Results, methods: Iterable[str]) -> list[str]:
    """Data sets on which any of the methods was measured, in the YAML's order."""
    table = results.metrics
    return results.known("datasets", None, table[table["method"].isin(list(methods))]["dataset"])


def methods_with(results: Results, roles: Iterable[str]) -> list[str]:
    """Measured methods of these roles, in the YAML's order."""
    wanted = set(roles)
    return [
        name
        for name in results.known("methods", None, results.metrics["method"])
        if results.paper.methods[name].role in wanted
    ]


def weights_of(results: Results, dataset: str, method: str = "meaformer") -> dict[str, np.ndarray] | None:
    """Weights of the first seed of a method; None when it kept none or has not run."""
    for run in results.runs():
        if (run.dataset, run.method) == (dataset, method):
            share = run.settings["split"]["shares"][0]
            found = part(run.predictions, f"{run.seeds[0]}/{share:g}/weights/")
            return found or None
    return None


def epoch_seconds(run: FinishedRun) -> float:
    """CPU seconds of an epoch, with evaluation and the job's own start spread over all of them."""
    return run.record["cpu_seconds"] / max(1, len(run.history))


def panel_title(results: Results, dataset: str, panels: int) -> str:
    """The data set's label, in lines that fit above one of so many panels."""
    return "\n".join(textwrap.wrap(results.label(dataset), 100 // max(panels, 2), break_on_hyphens=False))


def is_single(run: FinishedRun) -> bool:
    """Whether a run learned from one share of the links."""
    return len(run.settings["split"]["shares"]) == 1
