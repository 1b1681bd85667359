"""Scores of events by hand, against scikit-learn, and against events that are drawn at random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import precision_recall_fscore_support

from tenfold.metrics.events import event_scores, random_event_scores

Pairs = arrays(bool, st.tuples(st.just(2), st.integers(1, 5), st.integers(1, 8)))


def test_scores_by_hand():
    happened = np.array([[0, 1, 0, 0, 1, 1]], dtype=bool)
    found = np.array([[0, 1, 1, 0, 0, 1]], dtype=bool)
    assert event_scores(found, happened) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert event_scores(happened, happened) == (1, 1, 1)


@given(Pairs)
def test_scores_are_those_of_scikit_learn(pair):
    found, happened = pair
    *wanted, _ = precision_recall_fscore_support(happened.ravel(), found.ravel(), average="binary", zero_division=0)
    assert event_scores(found, happened) == pytest.approx(wanted)


def test_no_events_score_nothing():
    some, none = np.array([True, False]), np.zeros(2, dtype=bool)
    for scores in (event_scores, random_event_scores):
        assert scores(none, some) == (0, 0, 0)
        assert scores(some, none) == (0, 0, 0)


def test_the_reference_is_the_mean_of_events_at_random_times():
    generator = np.random.default_rng(0)
    happened, found = generator.random((2, 100, 50)) < np.array([0.17, 0.4])[:, None, None]
    shuffled = [event_scores(generator.permuted(found.ravel()), happened.ravel()) for _ in range(200)]
    np.testing.assert_allclose(np.mean(shuffled, axis=0), random_event_scores(found, happened), atol=2e-3)


def test_always_changing_scores_no_better_than_the_reference():
    happened = np.random.default_rng(0).random((20, 40)) < 0.2
    always = np.ones_like(happened)
    assert event_scores(always, happened) == pytest.approx(random_event_scores(always, happened))


def test_events_of_different_shapes_are_refused():
    for scores in (event_scores, random_event_scores):
        with pytest.raises(ValueError, match="one shape"):
            scores(np.zeros((2, 3), bool), np.zeros((3, 2), bool))
