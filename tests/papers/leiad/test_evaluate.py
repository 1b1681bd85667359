"""Curves, alarms and metrics, against the card's values (section 12), scikit-learn and counting by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from tenfold.papers.leiad import alarms, curves, measuring
from tenfold.papers.leiad.evaluate import evaluate
from tenfold.papers.leiad.settings import Train
from tests.papers.leiad.made_up import made_up_pool, votes_of


def test_average_precision_and_auc_have_the_values_of_the_card():  # 12.12
    labels, scores = np.array([0, 0, 1, 1, 0]), np.array([0.1, 0.4, 0.35, 0.8, 0.2])
    assert measuring.pair("test", scores, labels) == pytest.approx(
        {"test_ap": 0.833333, "test_auc": 0.833333}, abs=1e-6
    )
    assert measuring.pair("test", np.ones(5), labels)["test_ap"] == pytest.approx(0.4)
    assert measuring.pair("test", scores, np.zeros(5)) == {}


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_metrics_are_scikit_learns_and_leave_labelled_points_out(seed):
    pool, generator = made_up_pool(seed, series=2), np.random.default_rng(seed)
    scores = generator.integers(0, 9, len(pool)) / 10 + pool.labels * 0.2
    gold = np.where(generator.random(len(pool)) < 0.3, pool.labels, -1)
    found = measuring.metrics(pool, None, gold, scores, None)
    free = gold < 0
    if len(np.unique(pool.labels[free])) == 2:
        assert found["unlabelled_ap"] == pytest.approx(average_precision_score(pool.labels[free], scores[free]))
        assert found["unlabelled_auc"] == pytest.approx(roc_auc_score(pool.labels[free], scores[free]))
        assert found["train_ap"] == pytest.approx(average_precision_score(pool.labels, scores))


def test_votes_are_counted_as_in_the_card():  # 12.11
    labels, votes = np.array([1, 1, 0, 0, 1, 0]), np.array([1, -1, 0, 1, 0, -1])
    assert alarms.counts(votes, labels) == (1, 1, 1, 1)
    counted = measuring.function_counts(votes_of(votes[:, None]), labels)
    assert counted.tolist() == [[0, 1, 1, 1, 1]]
    assert alarms.precision_recall(1, 1, 1) == pytest.approx((0.5, 0.5, 0.5))
    assert alarms.precision_recall(0, 0, 3) == (0, 0, 0)


# -------------------------------------------------------------------------------------------------- alarms


@pytest.mark.parametrize(("delay", "expected"), [(1, [0, 1, 1, 1, 0]), (0, [0, 0, 0, 0, 0])])
def test_delay_adjustment_has_the_values_of_the_card(delay, expected):  # 12.15
    raised, labels = np.array([0, 0, 1, 0, 0], dtype=bool), np.array([0, 1, 1, 1, 0])
    assert alarms.delay_adjusted(raised, labels, np.array([0, 5]), delay).astype(int).tolist() == expected


def test_delay_adjustment_keeps_false_alarms_and_knows_series():
    raised, labels = np.array([1, 0, 0, 1, 0, 0], dtype=bool), np.array([0, 1, 1, 1, 1, 0])
    whole = alarms.delay_adjusted(raised, labels, np.array([0, 6]), 1).astype(int)
    cut = alarms.delay_adjusted(raised, labels, np.array([0, 3, 6]), 1).astype(int)
    assert whole.tolist() == [1, 0, 0, 0, 0, 0]
    assert cut.tolist() == [1, 0, 0, 1, 1, 0]


def test_event_recall_counts_runs_and_not_points():
    labels = np.array([1, 1, 1, 0, 1, 0, 1, 1])
    raised = np.array([0, 1, 1, 1, 0, 1, 0, 1], dtype=bool)
    assert alarms.event_recall(raised, labels, np.array([0, 8])) == pytest.approx(2 / 3)
    assert np.isnan(alarms.event_recall(raised, np.zeros(8), np.array([0, 8])))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50), st.sampled_from([0.01, 0.1, 0.5]))
def test_alarms_are_as_many_as_the_rate_says_and_the_highest(scores, rate):
    values = np.array(scores, dtype=float)
    raised = alarms.raised(values, rate)
    assert raised.sum() == max(1, round(rate * len(values)))
    assert raised.all() or values[raised].min() >= values[~raised].max()


# -------------------------------------------------------------------------------------------------- curves


def table(*rows):
    return measuring.curve_table([{"interactions": step, "test_ap": value} for step, value in rows])


def test_curves_are_read_between_iterations_and_not_beyond_the_end():
    found = table((0, 0.0), (2, 0.4), (4, 0.8))
    assert curves.at(found, "test_ap", np.array([0, 1, 2, 3, 4])) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert np.isnan(curves.at(found, "test_ap", np.array([5]))[0])
    assert np.isnan(curves.at(found, "train_ap", np.array([1]))[0])


def test_the_area_is_the_mean_over_whole_interactions():
    found = table((0, 0.0), (2, 0.4), (4, 0.8))
    assert curves.area(found, "test_ap", 1, 4) == pytest.approx(0.5)
    assert curves.area(found, "test_ap", 3, 4) == pytest.approx(0.7)
    assert np.isnan(curves.area(found, "test_ap", 1, 5))
    assert np.isnan(curves.area(found, "test_ap", 5, 4))


def test_the_first_interaction_that_reaches_a_target_and_one_more_if_none_does():
    found = table((0, 0.0), (2, 0.4), (4, 0.8))
    assert curves.reached(found, "test_ap", 0.5) == 3
    assert curves.reached(found, "test_ap", 0.0) == 0
    assert curves.reached(found, "test_ap", 0.9) == 5


def test_the_trend_is_a_rank_correlation():
    assert curves.trend(table((0, 0.1), (1, 0.2), (5, 0.9)), "test_ap") == pytest.approx(1)
    assert curves.trend(table((0, 0.9), (1, 0.2), (5, 0.1)), "test_ap") == pytest.approx(-1)


# ------------------------------------------------------------------------------------------- a finished run


class Finished:
    """A run as evaluate sees it."""

    def __init__(self, folder, settings, predictions):
        self.prepared, self.seeds = folder, [0]
        self.settings = Train.model_validate(settings).model_dump(mode="json")
        self.predictions = predictions


@pytest.fixture
def prepared(tmp_path):
    pool = made_up_pool()
    np.savez(
        tmp_path / "data.npz",
        **{
            "offsets": pool.offsets,
            "labels": pool.labels,
            "0/train_series": np.arange(5),
            "0/test_series": np.arange(5, 8),
        },
    )
    return tmp_path, pool


def metrics_of(run):
    return {(m.metric, m.split): m.value for m in evaluate(run)}


def test_a_detector_has_a_level_curve(prepared):
    folder, pool = prepared
    scores = np.random.default_rng(0).random(len(pool)) + pool.labels
    cut = pool.offsets[5]
    run = Finished(
        folder,
        {"task": "detector", "detector": "mean", "loop": {"budget": 30}},
        {"0/train_scores": scores[:cut], "0/test_scores": scores[cut:]},
    )
    found = metrics_of(run)
    expected = average_precision_score(pool.labels[cut:], scores[cut:])
    level = [found[f"ap_{b}", "test"] for b in (0, 5, 10, 20, 30)]
    assert [*level, found["alc", "test"]] == pytest.approx([expected] * 6)
    assert found["alc_early", "unlabelled"] == found["ap", "train"]
    assert ("ap_50", "test") not in found
    assert 0 < found["vote_precision", "train"] <= 1


def test_a_learner_is_read_at_equal_interactions(prepared):
    folder, pool = prepared
    rows = [
        {
            "interactions": b,
            "test_ap": b / 50,
            "unlabelled_ap": b / 100,
            "label_ap": 0.1 + b / 60,
            "anomalies": b,
            "labelled": 9 * b,
        }
        for b in (0, 3, 8, 20, 25)
    ]
    scores = np.random.default_rng(0).random(len(pool) - pool.offsets[5])
    run = Finished(
        folder, {}, {"0/curve": measuring.curve_table(rows), "0/test_scores": scores, "0/ceiling": np.array(0.39)}
    )
    found = metrics_of(run)
    assert found["ap_10", "test"] == pytest.approx(0.2)
    assert found["alc", "test"] == pytest.approx(np.arange(1, 26).mean() / 50)
    assert found["alc_early", "test"] == pytest.approx(np.arange(1, 21).mean() / 50)
    assert found["alc_late", "test"] == pytest.approx(np.arange(21, 26).mean() / 50)
    assert found["to_ceiling", "test"] == 18
    assert found["label_trend", "unlabelled"] == pytest.approx(1)
    assert found["label_ap_end", "unlabelled"] - found["label_ap_start", "unlabelled"] == pytest.approx(25 / 60)
    assert ("ap_30", "test") not in found
    json.dumps(list(found.values()), allow_nan=False)
