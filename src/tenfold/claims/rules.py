"""The rules: what pairs of values say about a comparison.

Every direction is one test, or two for `equal`, that an *excess* is above zero: `sign * (first - second) + shift *
allowance`, where the allowance is the margin, or the margin's share of the baseline's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tenfold import statistics
from tenfold.claims.pairs import DatasetPairs
from tenfold.claims.verdict import Outcome
from tenfold.config import Comparison
from tenfold.statistics import Array, Interval

MINIMUM_PAIRS = 3
"""Fewer pairs (or samples) cannot support an interval."""
SIGNIFICANCE = 0.05
ROUNDING = 1e-12
"""Differences below this share of the compared values are ties: the last bits of a float are not a result."""

TESTS: dict[str, tuple[tuple[int, int], ...]] = {
    "higher": ((1, -1),),
    "lower": ((-1, -1),),
    "not lower": ((1, 1),),
    "not higher": ((-1, 1),),
    "equal": ((1, 1), (-1, 1)),
}
"""Direction -> (sign, shift) of each excess that must be above zero."""
STRICT = {"higher", "lower"}


@dataclass(frozen=True)
class Finding:
    """What a rule says. Effects are positive in the claimed direction."""

    verdict: Outcome
    because: str
    """What the numbers alone do not show; may be empty."""
    margin: float
    interval: Interval | None = None
    p: float | None = None
    reverse_p: float | None = None
    agreeing: int | None = None
    straddles: bool = False
    """The interval itself leaves the question open."""


def orientation(comparison: Comparison) -> int:
    """1 where a positive difference (first minus second) is in the claimed direction, else -1."""
    return TESTS[comparison.direction][0][0]


def allowance(comparison: Comparison, second: Array) -> Array:
    """The margin in units of the metric, for each value of the baseline."""
    if comparison.relative:
        return comparison.margin * np.abs(second)
    return np.full(len(second), comparison.margin)


def excess(test: tuple[int, int], first: Array, second: Array, allowed: Array) -> Array:
    """How far each pair is beyond what the test asks for; differences within rounding are exactly zero."""
    sign, shift = test
    raw = sign * (first - second) + shift * allowed
    return np.where(np.abs(raw) <= ROUNDING * (np.abs(first) + np.abs(second) + allowed), 0.0, raw)


def judge_interval(comparison: Comparison, judged: Sequence[DatasetPairs]) -> Finding:
    """Rule `interval`: the confidence interval, and for seeds the exact p, must agree."""
    margin = _mean_margin(comparison, judged)
    if comparison.unit == "sample":
        groups = [group for data in judged for group in (*data.first_samples, *data.second_samples)]
        if min(map(len, groups)) < MINIMUM_PAIRS:
            return Finding("inconclusive", f"fewer than {MINIMUM_PAIRS} samples cannot support an interval", margin)
    elif (count := sum(len(data.seeds) for data in judged)) < MINIMUM_PAIRS:
        word = ("no pair", "one pair", "two pairs")[count]
        return Finding("inconclusive", f"{word} cannot support an interval", margin)
    ends = intervals(comparison, judged)
    if ends is None:
        return Finding("inconclusive", "the spread cannot be estimated from so few pairs", margin)
    shown = _shown(comparison, ends, margin)
    if comparison.direction == "equal":
        holds, fails = all(end.low >= 0 for end in ends), any(end.high < 0 for end in ends)
    else:
        holds, fails = ends[0].low > 0, ends[0].high < 0
    p = reverse_p = None
    because = ""
    straddles = not holds and not fails
    if comparison.unit == "seed":
        p, reverse_p = _exact_p(comparison, judged)
        limit = max(SIGNIFICANCE, 0.5**count)
        if comparison.direction != "equal":
            if (holds and p > limit) or (fails and reverse_p > limit):
                because = f"the interval is clear of the margin, but p is above {limit:.2g}"
            holds, fails = holds and p <= limit, fails and reverse_p <= limit
    elif max(len(data.seeds) for data in judged) == 1 and not all(data.constant for data in judged):
        because = "the noise between seeds is not covered: there is one seed"
    verdict: Outcome = "reproduced" if holds else "contradicted" if fails else "inconclusive"
    return Finding(verdict, because, margin, shown, p, reverse_p, straddles=straddles)


def judge_every(comparison: Comparison, judged: Sequence[DatasetPairs]) -> Finding:
    """Rule `every`: each pair must agree, or the share of them that the comparison asks for."""
    agreeing = sum(int(agrees(comparison, data).sum()) for data in judged)
    count = sum(len(data.seeds) for data in judged)
    p, reverse_p = statistics.sign_p(agreeing, count), statistics.sign_p(count - agreeing, count)
    if agreeing >= comparison.share * count - ROUNDING * count:
        verdict: Outcome = "reproduced"
    else:
        verdict = "contradicted" if agreeing == 0 or reverse_p <= SIGNIFICANCE else "inconclusive"
    margin = _mean_margin(comparison, judged)
    return Finding(verdict, "", margin, p=p, reverse_p=reverse_p, agreeing=agreeing)


def agrees(comparison: Comparison, data: DatasetPairs) -> np.ndarray:
    """(S,) whether each pair satisfies the comparison by itself."""
    allowed = allowance(comparison, data.second)
    beyond = [excess(test, data.first, data.second, allowed) for test in TESTS[comparison.direction]]
    return np.logical_and.reduce([e > 0 if comparison.direction in STRICT else e >= 0 for e in beyond])


def dataset_interval(comparison: Comparison, data: DatasetPairs) -> Interval | None:
    """The confidence interval of one data set's effect; None where it has too few pairs or the rule has no interval."""
    groups = (*data.first_samples, *data.second_samples)
    if comparison.rule == "every" or min(map(len, groups), default=len(data.seeds)) < MINIMUM_PAIRS:
        return None
    ends = intervals(comparison, [data])
    return None if ends is None else _shown(comparison, ends, _mean_margin(comparison, [data]))


def intervals(comparison: Comparison, judged: Sequence[DatasetPairs]) -> list[Interval] | None:
    """The interval of the mean excess, for each test of the direction; None where no spread can be seen."""
    found = []
    for test in TESTS[comparison.direction]:
        if comparison.unit == "sample":
            parts = [_resampled(comparison, test, data, stream) for stream, data in enumerate(judged)]
            found.append(statistics.interval(parts))
        elif (ends := statistics.interval_of_pairs(_excesses(comparison, test, judged))) is not None:
            found.append(ends)
        else:
            return None
    return found


def _excesses(comparison: Comparison, test: tuple[int, int], judged: Sequence[DatasetPairs]) -> list[Array]:
    return [excess(test, data.first, data.second, allowance(comparison, data.second)) for data in judged]


def _resampled(comparison: Comparison, test: tuple[int, int], data: DatasetPairs, stream: int) -> statistics.Resampled:
    """Bootstrap of the mean excess over seeds and samples of one data set.

    A relative margin is a share of the baseline's *mean*: its samples carry that mean's sign into the allowance.
    """
    sign, shift = test
    first, second = [], []
    for left, right in zip(data.first_samples, data.second_samples, strict=True):
        share = comparison.margin * np.sign(right.mean()) * right if comparison.relative else comparison.margin
        allowed = np.broadcast_to(share, right.shape)
        if comparison.paired:
            first.append(sign * (left - right) + shift * allowed)
        else:
            first.append(sign * left)
            second.append(sign * right - shift * allowed)
    return statistics.resample_samples(first, second or None, stream)


def _exact_p(comparison: Comparison, judged: Sequence[DatasetPairs]) -> tuple[float, float]:
    """Exact p for the claimed direction and its reverse; for `equal` both one-sided tests must reject (TOST)."""
    tests = [_excesses(comparison, test, judged) for test in TESTS[comparison.direction]]
    forward = [statistics.sign_flip_p(strata) for strata in tests]
    backward = [statistics.sign_flip_p([-values for values in strata]) for strata in tests]
    return max(forward), min(1.0, len(tests) * min(backward))


def _mean_margin(comparison: Comparison, judged: Sequence[DatasetPairs]) -> float:
    """The margin in units of the metric: its mean over data sets, each the mean over its pairs."""
    return float(np.mean([allowance(comparison, data.second).mean() for data in judged]))


def _shown(comparison: Comparison, ends: Sequence[Interval], margin: float) -> Interval:
    """The interval of the effect, from that of the excess: one clears the margin exactly when the other clears 0."""
    shift = TESTS[comparison.direction][0][1]
    low, high = ends[0].low - shift * margin, ends[0].high - shift * margin
    if comparison.direction == "equal":
        high = margin - ends[1].low
    return Interval(ends[0].mean - shift * margin, low, high)
