"""Comparisons and verdicts in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tenfold.claims import rules
from tenfold.claims.pairs import DatasetPairs
from tenfold.claims.rules import Finding
from tenfold.claims.table import in_words
from tenfold.config import BestOf, Comparison, MeanOf, PaperConfig, Side

_CASES_SHOWN = 3


def number(value: float, spec: str) -> str:
    """`value` in the metric's format, or with two significant digits where that format would show only zeros."""
    text = format(value, spec)
    return text if value == 0 or any(digit in "123456789" for digit in text) else f"{value:.2g}"


def signed(value: float, spec: str) -> str:
    """As `number`, with a plus sign where it is not negative."""
    return number(value, spec) if value < 0 else "+" + number(abs(value), spec)


def method_in_words(method: str | BestOf | MeanOf, paper: PaperConfig) -> str:
    """Title of a method, or the titles it is the best or mean of."""
    if isinstance(method, BestOf):
        return f"the best of {in_words(paper.methods[name].title for name in method.best_of)}"
    if isinstance(method, MeanOf):
        kind = "harmonic mean" if method.mean == "harmonic" else "mean"
        return f"the {kind} of {in_words(paper.methods[name].title for name in method.mean_of)}"
    return paper.methods[method].title


def comparison_in_words(comparison: Comparison, paper: PaperConfig) -> str:
    """For example `Accuracy (test): Pruned higher than Dense by more than 0.0100`."""
    spec = paper.metrics[comparison.metric].format
    where = ""
    if comparison.datasets:
        where = f" on {in_words(paper.datasets[name].title for name in comparison.datasets)}"
    words = f"{subject(comparison, paper)}: {method_in_words(comparison.method, paper)}{where} "
    words += "equal to " if comparison.direction == "equal" else f"{comparison.direction} than "
    words += baseline_in_words(comparison, paper)
    if comparison.margin:
        before = {"equal": "within", "higher": "by more than", "lower": "by more than"}
        size = f"{100 * comparison.margin:.4g} % of it" if comparison.relative else number(comparison.margin, spec)
        words += f" {before.get(comparison.direction, 'by more than')} {size}"
    if comparison.rule == "every":
        words += ", in every case" if comparison.share == 1 else f", in {100 * comparison.share:.4g} % of the cases"
    return words


def subject(comparison: Comparison, paper: PaperConfig) -> str:
    """Metric and split of the first side."""
    return f"{paper.metrics[comparison.metric].title} ({comparison.split})"


def baseline_in_words(comparison: Comparison, paper: PaperConfig) -> str:
    """The second side: what differs from the first one, or the fixed value."""
    side = comparison.against
    if not isinstance(side, Side):
        return number(side, paper.metrics[comparison.metric].format) if side else "0"
    words = method_in_words(comparison.method if side.method is None else side.method, paper)
    if side.metric is not None and side.metric != comparison.metric:
        words += f" in {paper.metrics[side.metric].title}"
    if side.split is not None and side.split != comparison.split:
        words += f" on split {side.split}"
    if side.dataset is not None:
        words += f" on {paper.datasets[side.dataset].title}"
    return words


def numbers_in_words(
    comparison: Comparison, paper: PaperConfig, judged: Sequence[DatasetPairs], finding: Finding, effect: float
) -> str:
    """The measured sides, effect, interval, p and counts, as the main clause of a reason."""
    spec = paper.metrics[comparison.metric].format
    first, second = (np.mean([side.mean() for side in sides]) for sides in zip(*((d.first, d.second) for d in judged)))  # noqa: B905
    left = f"{method_in_words(comparison.method, paper)} {number(float(first), spec)}"
    right = baseline_in_words(comparison, paper)
    if isinstance(comparison.against, Side):
        right += f" {number(float(second), spec)}"
    direction = "" if comparison.direction == "equal" else " in the claimed direction"
    details = []
    if finding.interval is not None:
        details.append(f"95 % interval {signed(finding.interval.low, spec)} to {signed(finding.interval.high, spec)}")
    if finding.p is not None and comparison.rule == "interval":
        details.append(f"exact p = {finding.p:.3g}")
    if comparison.margin:
        details.append(f"margin {number(finding.margin, spec)}")
    details.append(_counts(comparison, judged))
    text = f"{subject(comparison, paper)}: {left} against {right}, {signed(effect, spec)}{direction}"
    if comparison.rule == "every":
        total = sum(len(data.seeds) for data in judged)
        text += f" on average; {finding.agreeing} of {total} cases agree"
    return f"{text} ({', '.join(details)})"


def _counts(comparison: Comparison, judged: Sequence[DatasetPairs]) -> str:
    pairs = sum(len(data.seeds) for data in judged)
    unit = "pair" if isinstance(comparison.against, Side) else "value"
    words = f"{pairs} {unit}{'s' if pairs > 1 else ''}"
    if comparison.unit == "sample":
        words += f" of {sum(len(samples) for data in judged for samples in data.first_samples)} samples in all"
    return words + (f" over {len(judged)} data sets" if len(judged) > 1 else "")


def failing_cases(comparison: Comparison, paper: PaperConfig, judged: Sequence[DatasetPairs]) -> str:
    """The first cases that do not agree, with their values; empty where all do."""
    spec = paper.metrics[comparison.metric].format
    cases = [
        f"{paper.datasets[data.dataset].title} seed {data.seeds[position]} "
        f"({number(float(data.first[position]), spec)} against {number(float(data.second[position]), spec)})"
        for data in judged
        for position in np.flatnonzero(~rules.agrees(comparison, data))
    ]
    more = f" and {len(cases) - _CASES_SHOWN} more" if len(cases) > _CASES_SHOWN else ""
    return f"not in {', '.join(cases[:_CASES_SHOWN])}{more}" if cases else ""


def why_open(comparison: Comparison, paper: PaperConfig, finding: Finding) -> str:
    """Between which verdicts an interval leaves the choice open; empty where it does not."""
    if finding.interval is None or not finding.straddles:
        return ""
    spec = paper.metrics[comparison.metric].format
    if comparison.direction == "equal":
        return f"the interval is neither inside nor outside the margin of {number(finding.margin, spec)}"
    threshold = finding.margin if comparison.direction in rules.STRICT else -finding.margin
    return f"the interval contains {signed(threshold, spec) if threshold else '0'}"


def shortened(notes: Iterable[str]) -> list[str]:
    """The first notes, and how many more there are."""
    notes = list(dict.fromkeys(notes))
    more = len(notes) - _CASES_SHOWN
    return [*notes[:_CASES_SHOWN], *([f"and {more} more gaps of this kind"] if more > 0 else [])]


def sentence(parts: Iterable[str]) -> str:
    """Clauses joined to one sentence, first letter large."""
    text = "; ".join(part.rstrip(". ") for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
