"""The statistics behind a verdict: bootstrap intervals over seeds or samples, exact sign-flip and sign tests.

Everything here is a pure function of its arguments: generators are seeded inside, so equal input gives equal output.

*The interval.* The percentile bootstrap is far too narrow for the three to ten seeds that papers have: with three
normal differences its "95 %" interval covers the mean in 75 % of cases. Two corrections mend that. Each resampled
deviation from the mean is stretched by sqrt(n / (n - 1)), which makes the bootstrap variance unbiased; and the
percentiles of the deviations are scaled by t / z, Student's quantile over the normal one, with Welch and
Satterthwaite's degrees of freedom where several sources of noise add up (data sets, seeds, samples). This is the
small-sample adjustment of T. Hesterberg, "What teachers should know about the bootstrap", The American Statistician
69(4), 2015, applied to the width instead of the percentile; for many pairs it is the plain percentile interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.95
PAIR_RESAMPLES = 10_000
SAMPLE_RESAMPLES = 2_000
EXACT_PAIRS = 14
"""Sign flips of up to this many pairs are enumerated; above, 2^14 of them are drawn."""

_SEED = 20_260_101
_CHUNK = 200_000


class Interval(NamedTuple):
    """A mean and the two ends of its confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """The mean of one data set, and how it varies when that data set is drawn again."""

    mean: float
    deviations: Array
    """(B,) resampled means minus `mean`, with unbiased variance."""
    noise: tuple[tuple[float, float], ...]
    """Estimated variance of the mean from each source of noise, and that estimate's degrees of freedom."""


def resample_pairs(differences: Array, stream: int = 0) -> Resampled:
    """Bootstrap of the mean of `differences` (n,), n >= 2. Equal `stream` numbers draw equal resamples."""
    n = len(differences)
    if n < 2:
        raise ValueError("one difference shows no spread; resampling needs at least two")
    mean = float(np.mean(differences))
    draws = np.random.default_rng([_SEED, stream]).integers(n, size=(PAIR_RESAMPLES, n))  # (B, n)
    deviations = (differences[draws].mean(axis=1) - mean) * np.sqrt(n / (n - 1))
    return Resampled(mean, deviations, ((float(np.var(differences, ddof=1)) / n, n - 1.0),))


def resample_samples(first: Sequence[Array], second: Sequence[Array] | None = None, stream: int = 0) -> Resampled:
    """Bootstrap, over seeds and samples, of the mean of `first` (minus that of `second`, another group of samples).

    `first` holds one array of outcomes per seed, and so does `second`. The seeds are drawn for both groups together,
    the samples for each group by itself. Where all seeds of a group have the same number of samples, these are taken to
    be the same samples and are drawn once for all seeds: a hard test image is hard for every seed, and drawing it
    independently for each would hide that noise. Drawing both seeds and samples never understates the noise, and
    overstates the part that belongs to one sample at one seed (A. Owen, "The pigeonhole bootstrap", Annals of Applied
    Statistics 1(2), 2007). One seed leaves the noise between seeds out. Every array needs at least two samples.
    """
    generator = np.random.default_rng([_SEED, stream])
    groups = [first] if second is None else [first, second]
    seeds = len(first)
    means = np.zeros(seeds)  # (S,)
    drawn = np.zeros((SAMPLE_RESAMPLES, seeds))  # (B, S)
    noise: list[tuple[float, float]] = []
    for sign, group in zip((1, -1), groups, strict=False):
        group_means, group_drawn, group_noise = _resample_group(group, generator)
        means += sign * group_means
        drawn += sign * group_drawn
        noise += group_noise
    mean = float(means.mean())
    if seeds == 1:
        return Resampled(mean, drawn[:, 0] - mean, tuple(noise))
    counts = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=SAMPLE_RESAMPLES)  # (B, S)
    weights = 1 + (counts - 1) * np.sqrt(seeds / (seeds - 1))  # sum to S; variance unbiased
    noise.append((float(np.var(means, ddof=1)) / seeds, seeds - 1.0))
    return Resampled(mean, (drawn * weights).mean(axis=1) - mean, tuple(noise))


def _resample_group(
    outcomes: Sequence[Array], generator: np.random.Generator
) -> tuple[Array, Array, list[tuple[float, float]]]:
    """Means per seed (S,), those means with the samples drawn again (B, S), and the samples' share of the noise."""
    if min(len(row) for row in outcomes) < 2:
        raise ValueError("one sample shows no spread; resampling needs at least two")
    if len({len(row) for row in outcomes}) == 1:
        table = np.stack(outcomes)  # (S, n)
        n = table.shape[1]
        averaged = float(np.var(table.mean(axis=0), ddof=1))
        return table.mean(axis=1), _drawn_means(table, generator), [(averaged / n, n - 1.0)]
    means = np.array([row.mean() for row in outcomes])
    drawn = np.concatenate([_drawn_means(row[None], generator) for row in outcomes], axis=1)
    share = len(outcomes) ** 2
    return means, drawn, [(float(np.var(row, ddof=1)) / len(row) / share, len(row) - 1.0) for row in outcomes]


def _drawn_means(table: Array, generator: np.random.Generator) -> Array:
    """Means (B, S) of the rows of `table` (S, n) over samples drawn with replacement, the same samples for all rows."""
    n = table.shape[1]
    centre = table.mean(axis=1)
    deviations = (table - centre[:, None]).T  # (n, S)
    chunk = max(1, _CHUNK // n)
    parts = []
    for start in range(0, SAMPLE_RESAMPLES, chunk):  # in chunks: all resamples at once would not fit into memory
        size = min(chunk, SAMPLE_RESAMPLES - start)
        draws = generator.integers(n, size=(size, n), dtype=np.int32).astype(np.int64)
        draws += np.arange(size)[:, None] * n
        counts = np.bincount(draws.ravel(), minlength=size * n).reshape(size, n)
        parts.append(counts @ deviations / n)
    return centre + np.concatenate(parts) * np.sqrt(n / (n - 1))


def interval(parts: Sequence[Resampled], level: float = LEVEL) -> Interval:
    """Confidence interval of the mean over data sets of equal weight, each resampled on its own."""
    from scipy import stats

    count = len(parts)
    mean = sum(part.mean for part in parts) / count
    deviations = np.sum([part.deviations for part in parts], axis=0) / count
    tail = (1 - level) / 2
    low, high = np.quantile(deviations, [tail, 1 - tail])
    sources = [source for part in parts for source in part.noise]
    total = sum(variance for variance, _ in sources)
    if total > 0:
        freedom = 1 / sum((variance / total) ** 2 / freedom for variance, freedom in sources)
        stretch = stats.t.ppf(1 - tail, freedom) / stats.norm.ppf(1 - tail)
        low, high = low * stretch, high * stretch
    return Interval(float(mean), float(mean + low), float(mean + high))


def interval_of_pairs(strata: Sequence[Array]) -> Interval | None:
    """Confidence interval of the mean paired difference: pairs resampled within data sets, data sets of equal weight.

    Where a data set has a single pair its spread cannot be seen; the data sets' means are then resampled instead.
    None with fewer than two differences to resample.
    """
    if min(map(len, strata)) >= 2:
        return interval([resample_pairs(differences, stream) for stream, differences in enumerate(strata)])
    if len(strata) >= 2:
        return interval([resample_pairs(np.array([differences.mean() for differences in strata]))])
    return None


def sign_flip_p(strata: Sequence[Array]) -> float:
    """One-sided p of the sign-flip permutation test: could differences that are symmetric about 0 have so high a mean?

    Needs at least two pairs. Data sets weigh equally. Exact for up to `EXACT_PAIRS` pairs; above, 2^14 random flips,
    and p is never below 1 / (2^14 + 1).
    """
    from scipy import stats

    weights = np.concatenate([np.full(len(differences), 1 / len(differences)) for differences in strata])
    result = stats.permutation_test(
        (np.concatenate(strata),),
        lambda sample, axis: np.sum(sample * weights, axis=axis),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=2**EXACT_PAIRS,
        rng=np.random.default_rng(_SEED),
    )
    return float(result.pvalue)


def sign_p(successes: int, trials: int) -> float:
    """One-sided p of the exact sign test: could a fair coin show `successes` heads or more in `trials` throws?"""
    from scipy import stats

    return float(stats.binomtest(successes, trials, 0.5, alternative="greater").pvalue)
