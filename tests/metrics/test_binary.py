"""AUC and average precision: by hand, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.metrics.binary import average_precision, roc_auc


def test_auc_by_hand():
    scores = np.array([0.9, 0.4, 0.7, 0.3, 0.4, 0.8])
    assert roc_auc(scores, np.arange(6) < 3) == pytest.approx(6.5 / 9)


def test_one_class_alone_has_no_auc():
    assert np.isnan(roc_auc(np.array([0.1, 0.2]), np.array([True, True])))
    assert np.isnan(average_precision(np.array([0.1]), np.array([False])))


def test_scores_that_say_nothing_have_auc_one_half():
    assert roc_auc(np.ones(10), np.arange(10) < 5) == 0.5
    rng = np.random.default_rng(0)
    assert roc_auc(rng.random(20_000), rng.random(20_000) < 0.5) == pytest.approx(0.5, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_both_agree_with_scikit_learn_ties_included(pairs):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, positive = np.array([p[0] for p in pairs], dtype=float), np.array([p[1] for p in pairs])
    if positive.all() or not positive.any():
        return
    assert roc_auc(scores, positive) == pytest.approx(metrics.roc_auc_score(positive, scores))
    assert average_precision(scores, positive) == pytest.approx(metrics.average_precision_score(positive, scores))
