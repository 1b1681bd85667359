"""Rank and linear correlation: by hand, and against SciPy."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tenfold.metrics.correlation import average_ranks, pearson, spearman

SERIES = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=3, max_size=40)


def test_reference_values():
    assert spearman(np.array([1, 2, 3, 4, 5]), np.array([2, 1, 4, 3, 5])) == pytest.approx(0.8)
    assert spearman(np.array([1, 2, 2, 3]), np.array([1, 3, 2, 4])) == pytest.approx(0.948683, abs=1e-6)
    assert pearson(np.array([1, 2, 3, 4]), np.array([1, 4, 9, 16])) == pytest.approx(0.984374, abs=1e-6)


@given(SERIES)
def test_they_agree_with_scipy_ties_included(pairs):
    first, second = np.array(pairs, dtype=float).T
    assert np.array_equal(average_ranks(first), scipy.stats.rankdata(first))
    if np.ptp(first) and np.ptp(second):
        assert spearman(first, second) == pytest.approx(scipy.stats.spearmanr(first, second).statistic, abs=1e-12)
        assert pearson(first, second) == pytest.approx(scipy.stats.pearsonr(first, second).statistic, abs=1e-12)
    else:
        assert np.isnan(spearman(first, second))


@given(SERIES)
def test_rank_correlation_ignores_increasing_maps_and_flips_with_the_sign_of_the_score(pairs):
    first, second = np.array(pairs, dtype=float).T
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return
    value = spearman(first, second)
    assert spearman(np.exp(first / 7), second) == pytest.approx(value)
    assert spearman(first**3, second) == pytest.approx(value)
    assert spearman(first, -second) == pytest.approx(-value)


def test_series_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        pearson(np.ones(3), np.ones(4))
