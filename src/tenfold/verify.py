"""`tenfold verify`: does a rebuild give the committed reference metrics again?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tenfold import paths
from tenfold.config import Configuration, Metric, PaperConfig
from tenfold.errors import ResultError
from tenfold.evaluation import MetricRow, read_metrics

if TYPE_CHECKING:
    from rich.table import Table

Status = Literal["equal", "within tolerance", "different", "missing", "new"]
STATUSES: tuple[Status, ...] = ("equal", "within tolerance", "different", "missing", "new")

Key = tuple[str, str, str, int, str, str]


@dataclass(frozen=True)
class Check:
    """One metric value of the rebuild beside the reference's."""

    key: Key
    """Paper, data set, method, seed, split, metric."""
    status: Status
    rebuilt: float | None
    reference: float | None
    tolerance: float
    """Accepted difference, relative to the reference's absolute value."""
    note: str = ""

    @property
    def difference(self) -> float | None:
        """Relative difference; None where one side is missing or the reference is 0 or not a finite number."""
        if self.rebuilt is None or self.reference is None or not self.reference or not math.isfinite(self.reference):
            return None
        return abs(self.rebuilt - self.reference) / abs(self.reference)


def compare(rebuilt: Iterable[MetricRow], reference: Iterable[MetricRow], metrics: Mapping[str, Metric]) -> list[Check]:
    """Every value of either side, sorted by key.

    A value that is *missing* stands in the reference only, a *new* one in the rebuild only. Two values that are not
    numbers are equal. Values from different kinds of data are *different* however close they are. A metric without a
    tolerance must be equal. Raises ResultError when a side gives a value twice.
    """
    ours, theirs = _by_key(rebuilt, "the rebuild"), _by_key(reference, "the reference")
    checks = []
    for key in sorted({*ours, *theirs}):
        mine, other = ours.get(key), theirs.get(key)
        tolerance = metrics[key[-1]].tolerance if key[-1] in metrics else 0.0
        if mine is None or other is None:
            status: Status = "missing" if mine is None else "new"
            checks.append(Check(key, status, mine.value if mine else None, other.value if other else None, tolerance))
        elif mine.data_kind != other.data_kind:
            note = f"data of kind {mine.data_kind}, the reference's is {other.data_kind}"
            checks.append(Check(key, "different", mine.value, other.value, tolerance, note))
        else:
            status = _status(mine.value, other.value, tolerance)
            checks.append(Check(key, status, mine.value, other.value, tolerance))
    return checks


def _by_key(rows: Iterable[MetricRow], side: str) -> dict[Key, MetricRow]:
    found: dict[Key, MetricRow] = {}
    for row in rows:
        key = (row.paper, row.dataset, row.method, row.seed, row.split, row.metric)
        if key in found:
            raise ResultError(f"{side} gives {' / '.join(map(str, key))} twice; build its metrics.csv again")
        found[key] = row
    return found


def _status(rebuilt: float, reference: float, tolerance: float) -> Status:
    if rebuilt == reference or (math.isnan(rebuilt) and math.isnan(reference)):
        return "equal"
    if math.isfinite(reference) and abs(rebuilt - reference) <= tolerance * abs(reference):
        return "within tolerance"
    return "different"


def verify(paper: PaperConfig, scale: str) -> list[Check]:
    """Compare a paper's metrics at one scale with the committed reference.

    Raises ResultError when the paper was not built at this scale or has no reference there.
    """
    path = paths.reference_metrics(scale, paper.slug)
    if not path.is_file():
        raise ResultError(f"{paths.relative(path)} does not exist: {paper.slug} has no reference at scale {scale}")
    return compare(read_metrics(paths.metrics(scale, paper.slug)), read_metrics(path), paper.metrics)


def passes(checks: Iterable[Check]) -> bool:
    """Whether the rebuild stands for the reference: nothing is different or missing."""
    return not any(check.status in ("different", "missing") for check in checks)


def verify_suite(configuration: Configuration) -> bool:
    """Print how every selected paper's rebuild compares with its reference; whether all of them stand for it."""
    from rich.console import Console

    console = Console()
    good = True
    for slug in configuration.selected_papers:
        checks = verify(configuration.paper(slug), configuration.suite.scale)
        good &= passes(checks)
        console.print(f"{slug}: {summary(checks)}", highlight=False)
        if any(check.status != "equal" for check in checks):
            console.print(as_table(checks))
    return good


def summary(checks: Sequence[Check]) -> str:
    """For example `120 equal, 3 within tolerance, 1 different`."""
    counts = Counter(check.status for check in checks)
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]) or "nothing to compare"


def as_table(checks: Sequence[Check]) -> Table:
    """The values that are not simply equal, worst first, for the terminal; the caption counts all of them."""
    from rich.table import Table

    table = Table(title="Rebuild and reference", caption=summary(checks), title_justify="left")
    for column in ("data set", "method", "seed", "split", "metric"):
        table.add_column(column)
    for column in ("rebuilt", "reference", "difference", "tolerance"):
        table.add_column(column, justify="right")
    table.add_column("")
    rank = {status: position for position, status in enumerate(("different", "missing", "new", "within tolerance"))}
    colour = {"different": "red", "missing": "red", "new": "yellow", "within tolerance": "green"}
    for check in sorted((c for c in checks if c.status != "equal"), key=lambda c: (rank[c.status], c.key)):
        _, dataset, method, seed, split, metric = check.key
        share = "" if check.difference is None else f"{100 * check.difference:.3g} %"
        values = ["" if value is None else f"{value:.6g}" for value in (check.rebuilt, check.reference)]
        words = f"{check.status}{f': {check.note}' if check.note else ''}"
        table.add_row(
            *(dataset, method, str(seed), split, metric, *values, share, f"{100 * check.tolerance:.3g} %", words),
            style=colour[check.status],
        )
    return table
