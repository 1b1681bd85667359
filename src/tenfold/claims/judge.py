"""Judge the claims of a paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from tenfold.claims import rules, wording
from tenfold.claims.arms import first_arm, second_arm
from tenfold.claims.pairs import DatasetPairs, collect
from tenfold.claims.rules import Finding
from tenfold.claims.table import Failures, ResultTable, Samples
from tenfold.claims.verdict import ComparisonResult, DatasetResult, Outcome, Verdict
from tenfold.config import Claim, Comparison, PaperConfig
from tenfold.evaluation import MetricRow
from tenfold.training.job import Job

_REASONS_SHOWN = 3
_DECIDING: tuple[Outcome, ...] = ("contradicted", "not tested", "inconclusive", "consistent (stand-in)")
"""A claim's verdict is the first of these that one of its comparisons has; else it is reproduced."""


def judge(
    paper: PaperConfig,
    rows: Iterable[MetricRow],
    samples: Samples,
    planned: Collection[Job],
    failures: Failures,
) -> list[Verdict]:
    """The verdict on each claim of `paper`, in the order of its settings.

    rows: the paper's metrics.csv. samples: gives per-sample outcomes. planned: the paper's jobs at this scale.
    failures: messages of the jobs that failed. The result depends on nothing else, and not on the order of the rows.
    Raises ResultError when a value is given twice.
    """
    table = ResultTable(paper, rows, samples, planned, failures)
    return [_judge_claim(claim, table) for claim in paper.claims]


def _judge_claim(claim: Claim, table: ResultTable) -> Verdict:
    results = tuple(_judge_comparison(comparison, claim.minimum_seeds, table) for comparison in claim.comparisons)
    if claim.not_tested:
        verdict: Outcome = "not tested"
        reason = claim.not_tested
    else:
        verdict, reason = _combine(results)
    kinds = tuple(sorted({kind for result in results for kind in result.data_kinds}))
    return Verdict(
        id=claim.id,
        title=claim.title,
        statement=claim.statement,
        source=claim.source,
        ours=claim.ours,
        verdict=verdict,
        reason=reason,
        data_kinds=kinds,
        note=claim.note,
        comparisons=results,
    )


def _combine(results: Sequence[ComparisonResult]) -> tuple[Outcome, str]:
    """All comparisons must hold."""
    verdicts = [result.verdict for result in results]
    verdict: Outcome = next((deciding for deciding in _DECIDING if deciding in verdicts), "reproduced")
    if len(results) == 1:
        return verdict, results[0].reason
    if verdict in ("reproduced", "consistent (stand-in)"):
        shown, more = results[:_REASONS_SHOWN], len(results) - _REASONS_SHOWN
        reasons = "; ".join(result.reason.rstrip(".") for result in shown)
        return verdict, f"All {len(results)} comparisons hold: {reasons}{f'; and {more} more' if more > 0 else ''}."
    deciding = [result for result in results if result.verdict == verdict]
    verb = "is" if len(deciding) == 1 else "are"
    return verdict, f"{len(deciding)} of {len(results)} comparisons {verb} {verdict}: {deciding[0].reason}"


def _judge_comparison(comparison: Comparison, minimum_seeds: int, table: ResultTable) -> ComparisonResult:
    found = collect(comparison, table)
    present = [data for data in found if data.seeds]
    judged = [data for data in present if data.kind == "paper"] or present
    if not judged:
        return ComparisonResult(
            text=wording.comparison_in_words(comparison, table.paper),
            verdict="not tested",
            reason=wording.sentence(_why_nothing(comparison, found, table)),
            direction=comparison.direction,
            rule=comparison.rule,
            unit=comparison.unit,
            margin=None if comparison.relative else comparison.margin,
            datasets=tuple(_dataset_result(comparison, data, judged=False) for data in found),
        )
    rule = rules.judge_every if comparison.rule == "every" else rules.judge_interval
    finding = rule(comparison, judged)
    effect = float(np.mean([_effect(comparison, data) for data in judged]))
    clauses = [wording.numbers_in_words(comparison, table.paper, judged, finding, effect)]
    if comparison.rule == "every":
        clauses.append(wording.failing_cases(comparison, table.paper, judged))
    clauses += [wording.why_open(comparison, table.paper, finding), finding.because]
    verdict, caveats = _capped(finding, judged, minimum_seeds, table)
    clauses += caveats + wording.shortened(note for data in found for note in data.notes)
    return ComparisonResult(
        text=wording.comparison_in_words(comparison, table.paper),
        verdict=verdict,
        reason=wording.sentence(clauses),
        direction=comparison.direction,
        rule=comparison.rule,
        unit=comparison.unit,
        margin=finding.margin,
        data_kinds=tuple(sorted({data.kind for data in judged})),
        pairs=sum(len(data.seeds) for data in judged),
        samples=sum(len(s) for d in judged for s in d.first_samples) if comparison.unit == "sample" else None,
        method_value=float(np.mean([data.first.mean() for data in judged])),
        against_value=float(np.mean([data.second.mean() for data in judged])),
        effect=effect,
        interval=finding.interval[1:] if finding.interval else None,
        p=finding.p,
        reverse_p=finding.reverse_p,
        agreeing=finding.agreeing,
        datasets=tuple(_dataset_result(comparison, data, judged=data in judged) for data in found),
    )


def _capped(
    finding: Finding, judged: Sequence[DatasetPairs], minimum_seeds: int, table: ResultTable
) -> tuple[Outcome, list[str]]:
    """The verdict that lost pairs, the number of seeds and the kind of data allow, and what to say about it."""
    verdict, caveats = finding.verdict, []
    few = [data for data in judged if len(data.seeds) < minimum_seeds and not data.constant]
    if few:
        title = table.paper.datasets[few[0].dataset].title
        count = f"{len(few[0].seeds)} seed{'s' if len(few[0].seeds) > 1 else ''}"
        caveats.append(f"the claim asks for {minimum_seeds} seeds and {title} has {count}")
        verdict = "inconclusive"
    if verdict == "reproduced" and any(data.dropped for data in judged):
        caveats.append("what is left agrees, but runs that failed or gave no number may hide the opposite")
        verdict = "inconclusive"
    if all(data.kind == "paper" for data in judged):
        return verdict, caveats
    kinds = {"real": "other real data", "synthetic": "generated data"}
    names = " and ".join(kinds[kind] for kind in sorted({data.kind for data in judged}))
    if verdict == "contradicted":
        return "inconclusive", [*caveats, f"it points the other way, but on a stand-in ({names}) only"]
    if verdict == "reproduced":
        verdict = "consistent (stand-in)"
    return verdict, [*caveats, f"measured on a stand-in ({names})"]


def _why_nothing(comparison: Comparison, found: Sequence[DatasetPairs], table: ResultTable) -> list[str]:
    """Why no data set has a pair, as clauses."""
    if notes := wording.shortened(note for data in found for note in data.notes):
        return notes
    arms = [arm for arm in (first_arm(comparison, table.paper), second_arm(comparison, table.paper)) if arm]
    for arm in arms:
        datasets = [arm.dataset] if arm.dataset else table.datasets
        for method in arm.methods:
            title = table.paper.methods[method].title
            if not any(table.knows(dataset, method) for dataset in datasets):
                where = table.paper.datasets[arm.dataset].title if arm.dataset else "any data set"
                return [f"{table.scale} does not run {title} on {where}"]
            if not any(table.values(dataset, method, arm.split, arm.metric) for dataset in datasets):
                return [f"no evaluation of {title} gives {table.paper.metrics[arm.metric].title} on split {arm.split}"]
    return [f"{table.scale} has no data set on which both sides were measured"]


def _effect(comparison: Comparison, data: DatasetPairs) -> float:
    """Mean difference of one data set, positive in the claimed direction."""
    return rules.orientation(comparison) * float(np.mean(data.first - data.second))


def _dataset_result(comparison: Comparison, data: DatasetPairs, judged: bool) -> DatasetResult:
    if not data.seeds:
        return DatasetResult(data.dataset, data.kind, False, 0, data.dropped, notes=data.notes)
    interval = rules.dataset_interval(comparison, data)
    return DatasetResult(
        dataset=data.dataset,
        kind=data.kind,
        judged=judged,
        pairs=len(data.seeds),
        dropped=data.dropped,
        method_value=float(data.first.mean()),
        against_value=float(data.second.mean()),
        effect=_effect(comparison, data),
        interval=interval[1:] if interval else None,
        agreeing=int(rules.agrees(comparison, data).sum()) if comparison.rule == "every" else None,
        notes=data.notes,
    )
