import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenfold import statistics

numbers = st.floats(-100, 100).map(lambda value: round(value, 3))


def t_interval(differences):
    """Student's interval: the closed form for normal differences."""
    return stats.ttest_1samp(differences, 0).confidence_interval(0.95)


# ------------------------------------------------------------------------------------- interval over pairs


@pytest.mark.parametrize("n", [3, 5, 12])
def test_interval_of_pairs_is_scipys_percentile_interval_widened_for_few_pairs(n):
    differences = np.random.default_rng(n).exponential(size=n)
    mean = differences.mean()
    plain = stats.bootstrap((differences,), np.mean, method="percentile", n_resamples=20_000, rng=1).confidence_interval
    widening = np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975)
    found = statistics.interval_of_pairs([differences])
    assert found.mean == pytest.approx(mean)
    assert found.low == pytest.approx(mean + widening * (plain.low - mean), abs=0.06 * widening)
    assert found.high == pytest.approx(mean + widening * (plain.high - mean), abs=0.06 * widening)


def test_interval_of_many_normal_differences_is_students():
    differences = np.random.default_rng(0).normal(1, 2, size=60)
    expected = t_interval(differences)
    found = statistics.interval_of_pairs([differences])
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.05)


def test_interval_over_two_data_sets_is_welchs():
    generator = np.random.default_rng(1)
    noisy, calm = generator.normal(3, 4, size=25), generator.normal(1, 0.5, size=60)
    # The mean of two data sets is half the difference of one and the negated other.
    expected = stats.ttest_ind(noisy, -calm, equal_var=False).confidence_interval(0.95)
    found = statistics.interval_of_pairs([noisy, calm])
    assert found.mean == pytest.approx((noisy.mean() + calm.mean()) / 2)
    assert (found.low, found.high) == pytest.approx((expected.low / 2, expected.high / 2), abs=0.06)


def test_data_sets_weigh_equally_however_many_pairs_they_have():
    assert statistics.interval_of_pairs([np.zeros(30), np.ones(3)]).mean == pytest.approx(0.5)


@pytest.mark.parametrize(("n", "bound"), [(3, 0.93), (5, 0.93), (10, 0.93)])
def test_interval_of_normal_differences_covers_the_mean_at_the_stated_rate(n, bound):
    """800 simulated studies: coverage is not significantly (one-sided p < 0.001) below 93 % for a nominal 95 %."""
    generator = np.random.default_rng(n)
    studies = generator.normal(0.3, 1, size=(800, n))
    found = [statistics.interval_of_pairs([differences]) for differences in studies]
    covered = sum(interval.low <= 0.3 <= interval.high for interval in found)
    assert stats.binomtest(covered, len(studies), bound, alternative="less").pvalue > 0.001


def test_the_plain_percentile_interval_would_miss_that_rate():
    """Why the widening is there: without it three pairs cover the mean in 75 % of cases (2 (1/2)^3 lie on one side)."""
    studies = np.random.default_rng(3).normal(0.3, 1, size=(800, 3))
    covered = sum(low <= 0.3 <= high for low, high in zip(studies.min(axis=1), studies.max(axis=1), strict=True))
    assert covered / 800 < 0.8


def test_a_data_set_with_one_pair_makes_the_data_sets_the_unit():
    strata = [np.array([1.0]), np.array([2.0, 4.0]), np.array([5.0])]
    assert statistics.interval_of_pairs(strata) == statistics.interval_of_pairs([np.array([1.0, 3.0, 5.0])])


def test_one_pair_has_no_interval():
    assert statistics.interval_of_pairs([np.array([1.0])]) is None


def test_equal_differences_have_an_interval_without_width():
    found = statistics.interval_of_pairs([np.full(4, 0.5)])
    assert found == (0.5, 0.5, 0.5)


@given(st.lists(st.lists(numbers, min_size=2, max_size=6), min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_intervals_mirror_shift_and_scale_with_the_differences(strata):
    arrays = [np.array(values) for values in strata]
    found = statistics.interval_of_pairs(arrays)
    mirrored = statistics.interval_of_pairs([-values for values in arrays])
    moved = statistics.interval_of_pairs([2 * values + 7 for values in arrays])
    assert found.low <= found.mean + 1e-9
    assert found.mean <= found.high + 1e-9
    assert mirrored == pytest.approx((-found.mean, -found.high, -found.low), rel=1e-9, abs=1e-9)
    assert moved == pytest.approx([2 * end + 7 for end in found], rel=1e-9, abs=1e-7)


# ---------------------------------------------------------------------------------------------- exact tests


def flips_by_hand(strata):
    """Every assignment of signs, one at a time, on integers so that ties are exact."""
    lengths = np.lcm.reduce([len(values) for values in strata])
    weighted = [value * (lengths // len(values)) for values in strata for value in values]
    sums = [
        sum(s * w for s, w in zip(signs, weighted, strict=True))
        for signs in itertools.product((1, -1), repeat=len(weighted))
    ]
    return sum(total >= sum(weighted) for total in sums) / len(sums)


@given(st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=4), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_sign_flip_p_counts_the_flips_that_do_as_well(strata):
    if sum(map(len, strata)) < 2:
        return
    found = statistics.sign_flip_p([np.array(values, dtype=float) for values in strata])
    assert found == pytest.approx(flips_by_hand(strata))


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_sign_flip_p_of_a_clean_sweep_is_one_in_two_to_the_n(n):
    differences = np.random.default_rng(n).uniform(0.1, 1, size=n)
    assert statistics.sign_flip_p([differences]) == pytest.approx(0.5**n)
    assert statistics.sign_flip_p([-differences]) == 1


def test_sign_flip_p_of_ties_is_one():
    assert statistics.sign_flip_p([np.zeros(5)]) == 1


def test_sign_flip_p_of_many_pairs_is_drawn_and_near_the_normal_limit():
    differences = np.random.default_rng(7).normal(0.3, 1, size=40)
    z = differences.sum() / np.sqrt(np.sum(differences**2))
    assert statistics.sign_flip_p([differences]) == pytest.approx(stats.norm.sf(z), abs=0.01)
    assert statistics.sign_flip_p([np.ones(40)]) == pytest.approx(1 / (2**14 + 1))


def test_sign_p_is_the_binomial_tail():
    assert statistics.sign_p(5, 5) == pytest.approx(1 / 32)
    assert statistics.sign_p(4, 5) == pytest.approx(6 / 32)
    assert statistics.sign_p(0, 5) == 1


# --------------------------------------------------------------------------------- interval over samples


def test_samples_of_one_seed_have_students_interval():
    outcomes = np.random.default_rng(2).normal(0.1, 1, size=400)
    expected = t_interval(outcomes)
    found = statistics.interval([statistics.resample_samples([outcomes])])
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.015)


def test_two_groups_of_samples_have_welchs_interval():
    generator = np.random.default_rng(3)
    first, second = generator.normal(1, 1, size=300), generator.normal(0.5, 3, size=500)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    found = statistics.interval([statistics.resample_samples([first], [second])])
    assert found.mean == pytest.approx(first.mean() - second.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.04)


def test_noise_of_seeds_and_of_samples_adds_up():
    """Outcomes a_s + b_i have a mean of variance var(a) / S + var(b) / n: the samples are the same for every seed."""
    generator = np.random.default_rng(4)
    of_seed, of_sample = generator.normal(size=8) / 10, generator.normal(size=200)
    found = statistics.resample_samples([a + of_sample for a in of_seed])
    expected = np.sqrt(of_seed.var(ddof=1) / 8 + of_sample.var(ddof=1) / 200)
    assert found.deviations.std() == pytest.approx(expected, rel=0.05)


def test_samples_that_differ_between_seeds_are_drawn_for_each_seed():
    """With equal seed means: the weights of the drawn seeds have E[w^2] = 2, so the samples' variance counts twice."""
    generator = np.random.default_rng(5)
    outcomes = [generator.normal(size=n) for n in (100, 120, 140, 160)]
    outcomes = [row - row.mean() for row in outcomes]
    found = statistics.resample_samples(outcomes)
    expected = np.sqrt(2 * sum(row.var(ddof=1) / len(row) for row in outcomes)) / 4
    assert found.deviations.std() == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("noise", [(1.0, 0.1), (0.05, 1.0)])
def test_interval_over_seeds_and_samples_covers_the_mean(noise):
    """300 simulated studies of 3 seeds: not significantly (one-sided p < 0.001) below 92 % for a nominal 95 %."""
    generator = np.random.default_rng(6)
    covered = 0
    for _ in range(300):
        outcomes = generator.normal(size=(3, 1)) * noise[0] + generator.normal(size=(1, 60)) * noise[1]
        found = statistics.interval([statistics.resample_samples(list(outcomes))])
        covered += found.low <= 0 <= found.high
    assert stats.binomtest(covered, 300, 0.92, alternative="less").pvalue > 0.001


def test_large_test_sets_are_resampled_within_two_seconds():
    outcomes = list(np.random.default_rng(8).normal(size=(3, 35_000)))
    statistics.interval([statistics.resample_samples(outcomes[:1])])  # imports scipy
    start = time.process_time()
    statistics.interval([statistics.resample_samples(outcomes)])
    assert time.process_time() - start < 2


def test_equal_input_gives_equal_output():
    outcomes = list(np.random.default_rng(9).normal(size=(2, 50)))
    first, second = (statistics.resample_samples(outcomes).deviations for _ in range(2))
    np.testing.assert_array_equal(first, second)
    pairs = [np.array([1.0, 2.0, 4.0])]
    assert statistics.interval_of_pairs(pairs) == statistics.interval_of_pairs(pairs)


def test_one_value_cannot_be_resampled():
    with pytest.raises(ValueError, match="at least two"):
        statistics.resample_pairs(np.ones(1))
    with pytest.raises(ValueError, match="at least two"):
        statistics.resample_samples([np.ones(1)])
