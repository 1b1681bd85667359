"""The verdicts on a paper's claims, as the report shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenfold.config import Claim, Comparison, MeanOf, PaperConfig, Side, methods_of
from tenfold.report.text import counted, listed, number, p_value


@dataclass(frozen=True)
class Verdict:
    """One possible outcome: its name, its class in the style sheet, its icon, and what it means."""

    name: str
    css: str
    icon: str
    meaning: str


VERDICTS = (
    Verdict("reproduced", "reproduced", "check",
            "Every comparison of the claim holds on the paper's own data (or its own generator), in the claimed "
            "direction and by more than the margin."),
    Verdict("consistent (stand-in)", "consistent", "wave",
            "Every comparison holds, but on data that stands in for the paper's own. This is the best verdict that "
            "stand-in data can give."),
    Verdict("inconclusive", "inconclusive", "half",
            "The interval reaches across the margin, or there are too few seeds: these runs do not settle it."),
    Verdict("contradicted", "contradicted", "cross",
            "A comparison comes out clearly against the claim. That is a result about these settings and this scale, "
            "not a flaw of the build."),
    Verdict("not tested", "untested", "ring",
            "The claim says why: what it needs is not part of this suite or this scale."),
    Verdict("not judged yet", "pending", "dots", "The stages that lead to this verdict have not finished."),
)  # fmt: skip

BY_NAME: Mapping[str, Verdict] = {verdict.name: verdict for verdict in VERDICTS}
PENDING = BY_NAME["not judged yet"]


@dataclass(frozen=True)
class ComparisonView:
    """One comparison of a claim. `effect` is positive in the claimed direction; of `equal` it is first minus second."""

    text: str
    verdict: Verdict | None
    reason: str
    direction: str
    margin: float | None
    effect: float | None
    interval: tuple[float, float] | None
    evidence: list[str]
    """What the numbers rest on, in words: pairs, samples, p, agreement."""
    sides: tuple[str, str]
    """What the first and the second side are called."""
    values: tuple[float | None, float | None]
    datasets: list[DatasetRow]


@dataclass(frozen=True)
class DatasetRow:
    """One data set's part in a comparison."""

    title: str
    kind: str | None
    judged: bool
    pairs: int | None
    values: tuple[float | None, float | None]
    effect: float | None
    interval: tuple[float, float] | None
    notes: list[str]


@dataclass(frozen=True)
class ClaimView:
    """One claim and its verdict."""

    id: str
    title: str
    statement: str
    source: str
    ours: bool
    note: str
    verdict: Verdict
    reason: str
    data_kinds: list[str]
    comparisons: list[ComparisonView] = field(default_factory=list)


def claim_views(paper: PaperConfig, records: Iterable[Mapping[str, Any]] | None) -> list[ClaimView]:
    """Every claim of the paper's YAML with its record of claims.json; a claim without a record is not judged yet."""
    judged = {str(record.get("id")): record for record in records or ()}
    return [_claim(paper, claim, judged.get(claim.id)) for claim in paper.claims]


def tally(claims: Iterable[ClaimView]) -> list[tuple[Verdict, int]]:
    """How often each verdict occurs, in the order of VERDICTS; those that do not occur are left out."""
    counts = Counter(claim.verdict.name for claim in claims)
    return [(verdict, counts[verdict.name]) for verdict in VERDICTS if counts[verdict.name]]


def _claim(paper: PaperConfig, claim: Claim, record: Mapping[str, Any] | None) -> ClaimView:
    if record is None:
        record = {"reason": "" if claim.not_tested else "Its metrics are not there yet.", "comparisons": []}
        if claim.not_tested:
            record |= {"verdict": "not tested", "reason": claim.not_tested}
    measured = record.get("comparisons") or []
    declared = [*claim.comparisons, *([None] * len(measured))]
    return ClaimView(
        id=claim.id,
        title=claim.title,
        statement=claim.statement,
        source=claim.source,
        ours=claim.ours,
        note=claim.note,
        verdict=_verdict(record.get("verdict")) or PENDING,
        reason=str(record.get("reason") or ""),
        data_kinds=_kinds(record),
        comparisons=[_comparison(paper, *pair) for pair in zip(measured, declared, strict=False)],
    )


def _verdict(name: Any) -> Verdict | None:
    """The verdict of that name; a longer text such as "not tested (no data)" counts by how it starts."""
    text = str(name or "")
    return BY_NAME.get(text) or next((verdict for verdict in VERDICTS if text.startswith(verdict.name)), None)


def _kinds(record: Mapping[str, Any]) -> list[str]:
    """Kinds of the data that was judged, of the claim as a whole or else of its comparisons."""
    kinds = record.get("data_kinds") or record.get("data_kind") or ()
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    nested = [kind for part in record.get("comparisons") or () for kind in part.get("data_kinds") or ()]
    return list(dict.fromkeys(kinds or nested))


def _comparison(paper: PaperConfig, record: Mapping[str, Any], declared: Comparison | None) -> ComparisonView:
    return ComparisonView(
        text=str(record.get("text") or ""),
        verdict=_verdict(record.get("verdict")),
        reason=str(record.get("reason") or ""),
        direction=str(record.get("direction") or (declared.direction if declared else "higher")),
        margin=record.get("margin"),
        effect=record.get("effect"),
        interval=_interval(record),
        evidence=_evidence(record),
        sides=_side_names(paper, declared),
        values=_values(record),
        datasets=[_dataset(paper, row) for row in record.get("datasets") or () if isinstance(row, Mapping)],
    )


def _dataset(paper: PaperConfig, row: Mapping[str, Any]) -> DatasetRow:
    slug = str(row.get("dataset"))
    known = paper.datasets.get(slug)
    return DatasetRow(
        title=known.title if known else slug,
        kind=row.get("kind") or (known.kind if known else None),
        judged=bool(row.get("judged", True)),
        pairs=row.get("pairs"),
        values=_values(row),
        effect=row.get("effect"),
        interval=_interval(row),
        notes=[str(note) for note in row.get("notes") or ()],
    )


def _interval(record: Mapping[str, Any]) -> tuple[float, float] | None:
    ends = record.get("interval")
    return (float(ends[0]), float(ends[1])) if ends and None not in ends else None


def _values(record: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return record.get("method_value"), record.get("against_value")


def _evidence(record: Mapping[str, Any]) -> list[str]:
    parts = []
    if (pairs := record.get("pairs")) is not None:
        parts.append(counted(pairs, "pair"))
        if record.get("rule") == "every" and record.get("agreeing") is not None:
            parts.append(f"{record['agreeing']} of {pairs} agree")
    if record.get("samples"):
        parts.append(counted(record["samples"], "sample"))
    parts.append(p_value(record.get("p")))
    if record.get("verdict") == "contradicted" and record.get("reverse_p") is not None:
        parts.append(f"{p_value(record['reverse_p'])} for the opposite")
    if record.get("margin"):
        parts.append(f"margin {number(record['margin'])}")
    return [part for part in parts if part]


def _side_names(paper: PaperConfig, declared: Comparison | None) -> tuple[str, str]:
    """What the two sides are called; where both are the same method, by what they differ in."""
    if declared is None:
        return "first", "second"
    first = _method_name(paper, declared.method)
    other = declared.against
    if not isinstance(other, Side):
        return first, "fixed value"
    second = _method_name(paper, other.method) if other.method else first
    if second != first:
        return first, second
    metric = other.metric if other.metric not in (None, declared.metric) else None
    if metric:
        return paper.metrics[declared.metric].title, paper.metrics[metric].title
    if other.split not in (None, declared.split):
        return f"{first} ({declared.split})", f"{second} ({other.split})"
    if other.dataset and len(declared.datasets) == 1:
        return paper.datasets[declared.datasets[0]].title, paper.datasets[other.dataset].title
    return first, f"{second} (other side)"


def _method_name(paper: PaperConfig, method: Any) -> str:
    titles = [paper.methods[name].title for name in methods_of(method) if name in paper.methods]
    return titles[0] if len(titles) == 1 else f"{'mean' if isinstance(method, MeanOf) else 'best'} of {listed(titles)}"
