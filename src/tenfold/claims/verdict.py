"""What the claims stage writes: a verdict for each claim, with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from tenfold.files import write_json

Outcome = Literal["reproduced", "consistent (stand-in)", "contradicted", "inconclusive", "not tested"]


@dataclass(frozen=True)
class DatasetResult:
    """One data set's part in a comparison.

    Effects are positive in the claimed direction; for `equal` they are the first side minus the second.
    """

    dataset: str
    kind: str
    judged: bool
    """False where the verdict rests on other data sets: stand-ins beside the paper's own data, or no pairs at all."""
    pairs: int
    dropped: int
    """Pairs that lack a partner or a finite value."""
    method_value: float | None = None
    against_value: float | None = None
    effect: float | None = None
    interval: tuple[float, float] | None = None
    agreeing: int | None = None
    """Rule `every`: how many pairs satisfy the comparison."""
    notes: tuple[str, ...] = ()
    """What is missing, and why."""


@dataclass(frozen=True)
class ComparisonResult:
    """One comparison of a claim."""

    text: str
    """What was compared, in words."""
    verdict: Outcome
    reason: str
    direction: str
    rule: str
    unit: str
    margin: float | None = None
    """In units of the metric; for a relative margin its mean over the pairs, once there are pairs."""
    data_kinds: tuple[str, ...] = ()
    """Kinds of the data sets that were judged."""
    pairs: int = 0
    samples: int | None = None
    """Unit `sample`: outcomes on the first side, summed over data sets and seeds."""
    method_value: float | None = None
    against_value: float | None = None
    effect: float | None = None
    interval: tuple[float, float] | None = None
    """95 % confidence interval of `effect`."""
    p: float | None = None
    """One-sided exact p for the claimed direction: sign flips (interval over seeds) or signs (every)."""
    reverse_p: float | None = None
    """The same for the opposite direction."""
    agreeing: int | None = None
    datasets: tuple[DatasetResult, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What became of one claim."""

    id: str
    title: str
    statement: str
    source: str
    ours: bool
    verdict: Outcome
    reason: str
    data_kinds: tuple[str, ...] = ()
    note: str = ""
    comparisons: tuple[ComparisonResult, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, numbers rounded to ten significant digits so that the last bits of a sum do not show."""
        return _plain(self)


def write_verdicts(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Write claims.json: the verdicts in the order of the paper's settings."""
    write_json(path, [verdict.to_json() for verdict in verdicts])


def _plain(value: Any) -> Any:
    if isinstance(value, Verdict | ComparisonResult | DatasetResult):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return float(f"{value:.10g}") + 0.0 if isinstance(value, float) else value  # + 0.0: no negative zero
