"""`tenfold verify`: does a rebuild give the committed reference metrics again?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tenfold import paths
from tenfold.claims import reference_rows
from tenfold.config import Configuration, Metric, PaperConfig
from tenfold.errors import ResultError
from tenfold.evaluation import MetricRow, read_metrics
from tenfold.jobs import plans

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Status = Literal["equal", "within tolerance", "different", "missing", "new"]
STATUSES: tuple[Status, ...] = ("equal", "within tolerance", "different", "missing", "new")

SHOWN = 40
"""Values that a table lists: a data set that is missing as a whole would fill the screen many times."""

_COLOURS: Mapping[Status, str] = {"different": "red", "missing": "red", "new": "yellow", "within tolerance": "green"}

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


def _key(row: MetricRow) -> Key:
    return row.paper, row.dataset, row.method, row.seed, row.split, row.metric


def _by_key(rows: Iterable[MetricRow], side: str) -> dict[Key, MetricRow]:
    found: dict[Key, MetricRow] = {}
    for row in rows:
        key = _key(row)
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
    """Compare a paper's metrics at one scale with the committed reference; without a rebuild everything is missing.

    Values that a reference leaves out on purpose (see `claims.reference`) are not compared, and not *new*. Raises
    ResultError when the paper has no reference at this scale.
    """
    path = paths.reference_metrics(scale, paper.slug)
    if not path.is_file():
        raise ResultError(f"{paths.relative(path)} does not exist: {paper.slug} has no reference at scale {scale}")
    reference, built = list(read_metrics(path)), paths.metrics(scale, paper.slug)
    rebuilt = list(read_metrics(built)) if built.is_file() else []
    needed = set(map(_key, [*reference, *reference_rows(paper, rebuilt)]))
    return compare([row for row in rebuilt if _key(row) in needed], reference, paper.metrics)


def passes(checks: Iterable[Check]) -> bool:
    """Whether the rebuild stands for the reference: nothing is different or missing."""
    return not any(check.status in ("different", "missing") for check in checks)


def verify_suite(configuration: Configuration, console: Console | None = None) -> bool:
    """Print how the selected papers' rebuilds compare with their references; whether all of them stand for them.

    A paper without a reference is said to have none. Raises ResultError when that is so for every paper.
    """
    from rich.console import Console

    console = console or Console()
    scale = configuration.suite.scale
    checks: dict[str, list[Check]] = {}
    for plan in plans(configuration):
        if paths.reference_metrics(scale, plan.slug).is_file():
            absent = set(plan.absent_datasets())
            checks[plan.slug] = [_explained(check, absent) for check in verify(plan.paper, scale)]
    if not checks:
        known = sorted(path.name for path in paths.REFERENCE.glob("*") if path.is_dir())
        raise ResultError(f"there is no reference at scale {scale}; scales with one: {', '.join(known) or 'none'}")
    for slug, found in checks.items():
        if paths.metrics(scale, slug).is_file() and any(check.status != "equal" for check in found):
            console.print(as_table(found, slug))
    console.print(_overview(configuration, checks))
    return all(map(passes, checks.values()))


def _explained(check: Check, absent: Collection[str]) -> Check:
    """A missing value of a data set that is not here says so."""
    if check.status == "missing" and check.key[1] in absent:
        return replace(check, note="its raw data is not here, see `tenfold data`")
    return check


def _overview(configuration: Configuration, checks: Mapping[str, Sequence[Check]]) -> Table:
    """A row for each paper: how many of its values are equal, within tolerance, different, missing, new."""
    from rich.table import Table

    table = Table(title=f"Rebuild and reference at scale {configuration.suite.scale}", title_justify="left")
    table.add_column("paper")
    for status in STATUSES:
        table.add_column(status, justify="right")
    table.add_column("")
    for slug in configuration.selected_papers:
        counts = Counter(check.status for check in checks.get(slug, []))
        built = paths.metrics(configuration.suite.scale, slug).is_file()
        words = "no reference" if slug not in checks else "" if built else "not built"
        bad = slug in checks and not passes(checks[slug])
        table.add_row(slug, *(str(counts[s] or "") for s in STATUSES), words, style="red" if bad else None)
    return table


def summary(checks: Sequence[Check]) -> str:
    """For example `120 equal, 3 within tolerance, 1 different`."""
    counts = Counter(check.status for check in checks)
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]) or "nothing to compare"


def as_table(checks: Sequence[Check], title: str = "Rebuild and reference") -> Table:
    """The values that are not simply equal, worst first, for the terminal; the caption counts all of them."""
    from rich.table import Table

    unequal = sorted((check for check in checks if check.status != "equal"), key=_badness)
    more = f"; the first {SHOWN} of {len(unequal)} are shown" if len(unequal) > SHOWN else ""
    table = Table(title=title, caption=summary(checks) + more, title_justify="left")
    table.add_column("value", overflow="fold")
    for column in ("rebuilt", "reference", "difference", "tolerance"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", min_width=9)
    for check in unequal[:SHOWN]:
        _, dataset, method, seed, split, metric = check.key
        share = "" if check.difference is None else f"{100 * check.difference:.3g} %"
        values = ["" if value is None else f"{value:.6g}" for value in (check.rebuilt, check.reference)]
        words = f"{check.status}{f': {check.note}' if check.note else ''}"
        table.add_row(
            f"{dataset}, {method}, seed {seed}, {split}: {metric}",
            *(*values, share, f"{100 * check.tolerance:.3g} %", words),
            style=_COLOURS[check.status],
        )
    return table


def _badness(check: Check) -> tuple[int, float, Key]:
    """Order of the table: what is different first, by how much, then what is missing, new, within tolerance."""
    difference = math.inf if check.difference is None else check.difference
    return list(_COLOURS).index(check.status), -difference, check.key
