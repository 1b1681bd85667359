"""Votes, label models and pseudo-labels, against the card's values (section 12) and Snorkel."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.papers.leiad.labelling import flyingsquid, generated, label_model, majority, pseudo_labels
from tenfold.papers.leiad.labelling.initial import threshold_votes
from tenfold.papers.leiad.labelling.votes import Votes
from tenfold.papers.leiad.settings import LabelModelSettings, PseudoLabelSettings
from tests.papers.leiad.made_up import votes_of

MATRICES = arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 5)), elements=st.integers(-1, 1))


@given(MATRICES)
def test_votes_count_what_the_dense_matrix_holds(matrix):
    votes = votes_of(matrix)
    one_hot = np.stack([matrix == 0, matrix == 1], axis=2).reshape(len(matrix), -1).astype(int)
    assert (votes.together == one_hot.T @ one_hot).all()
    assert (votes.normal == (matrix == 0).sum(1)).all()
    assert (votes.anomalous == (matrix == 1).sum(1)).all()
    assert (votes.abstaining == (matrix == -1).sum(1)).all()
    assert (votes.dense() == matrix).all()


@given(MATRICES)
def test_saved_votes_come_back(matrix):
    votes = votes_of(matrix)
    again = Votes.from_arrays(votes.to_arrays())
    assert (again.dense() == matrix).all()
    assert (again.together == votes.together).all()
    assert (again.anomalous == votes.anomalous).all()
    assert [f.name for f in again.functions] == [f.name for f in votes.functions]


def test_initial_functions_call_the_ends_of_a_score_and_abstain_between():
    assert threshold_votes(np.array([0.0, 0.05, 0.5, 0.95, 0.96]), (0.05, 0.95)).tolist() == [0, -1, -1, -1, 1]


# ----------------------------------------------------------------------------------------------- label model


def test_both_losses_have_the_values_of_the_card():  # 12.7
    shares = np.array([[0.5, 0, 0.4, 0.05], [0, 0.2, 0.05, 0.1], [0.4, 0.05, 0.6, 0], [0.05, 0.1, 0, 0.3]])
    parameters = np.array([[0.5, 0.1], [0.1, 0.6], [0.6, 0.2], [0.1, 0.7]])
    assert label_model.losses(shares, parameters, np.array([0.8, 0.2])) == pytest.approx((0.0498, 0.0192))


def test_the_gradient_is_that_of_the_losses():
    generator = np.random.default_rng(0)
    shares = generator.random((6, 6))
    shares = shares + shares.T
    parameters, balance = generator.random((6, 2)), np.array([0.9, 0.1])
    found = label_model.gradient(shares, parameters, balance)
    for place in np.ndindex(parameters.shape):
        moved = [parameters.copy(), parameters.copy()]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        up, down = (sum(label_model.losses(shares, one, balance)) for one in moved)
        assert found[place] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-7)


def test_the_posterior_has_the_values_of_the_card():  # 12.8
    parameters = np.array([[0.9, 0.2], [0.05, 0.6], [0.7, 0.3], [0.1, 0.5]])
    votes = votes_of(np.array([[1, 1], [1, -1], [-1, -1], [0, 1], [0, 0]]))
    found = label_model.posterior(votes, label_model.weights(parameters), 0.01)
    assert found == pytest.approx([0.377358, 0.108108, 0.01, 0.011099, 0.000961], abs=1e-6)


def test_start_values_are_those_of_the_card():  # 12.8
    shares = np.diag([0.8, 0.05])
    start = label_model.start(shares, np.array([0.99, 0.01]), LabelModelSettings(start=1.0))
    assert start[0, 0] == pytest.approx(0.565657, abs=1e-6)
    assert start[1, 1] == 1
    assert start[0, 1] == start[1, 0] == 0


def matrix_of_votes(points=3000, functions=6, seed=0):
    generator = np.random.default_rng(seed)
    truth = (generator.random(points) < 0.05).astype(int)
    wrong = generator.random((points, functions)) < 0.1
    silent = generator.random((points, functions)) < np.linspace(0.2, 0.9, functions)
    return np.where(silent, -1, np.where(wrong, 1 - truth[:, None], truth[:, None]))


def test_the_fit_agrees_with_snorkel_from_the_same_start():
    from snorkel.labeling.model import LabelModel

    matrix = matrix_of_votes()
    oracle = LabelModel(cardinality=2, verbose=False)
    oracle.fit(
        matrix, class_balance=[0.99, 0.01], lr=1e-3, n_epochs=200, seed=123, optimizer="adam", progress_bar=False
    )
    votes = votes_of(matrix)
    parameters = label_model.fit(votes, LabelModelSettings())
    assert parameters == pytest.approx(oracle.mu.detach().numpy(), abs=2e-4)
    found = label_model.posterior(votes, label_model.weights(parameters), 0.01)
    expected = oracle.predict_proba(matrix)[:, 1]
    assert np.argsort(found)[-50:].tolist() == pytest.approx(np.argsort(expected, kind="stable")[-50:].tolist()) or (
        np.abs(found - expected).max() < 5e-3
    )


def test_probabilities_saturate_without_a_warning():
    with np.errstate(all="raise"):
        assert label_model.probability(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]


def test_majority_agrees_with_snorkel_where_anything_is_cast():
    from snorkel.labeling.model.baselines import MajorityLabelVoter

    matrix = matrix_of_votes(500)
    votes = votes_of(matrix)
    cast = (matrix >= 0).any(axis=1)
    expected = MajorityLabelVoter().predict_proba(matrix)[:, 1]
    assert ((majority.anomaly_share(votes) > 0.5) == (expected > 0.5))[cast].all()
    assert (majority.anomaly_share(votes)[~cast] == 0).all()
    assert (majority.margin(votes) == (matrix == 1).sum(1) - (matrix == 0).sum(1)).all()


def test_flyingsquid_finds_the_accuracies_of_independent_functions():
    generator = np.random.default_rng(1)
    truth = generator.choice([-1, 1], 60_000)
    accuracy = np.array([0.9, 0.6, 0.3, 0.75])  # E[l y]
    right = generator.random((len(truth), 4)) < (1 + accuracy) / 2
    votes = np.where(right, truth[:, None], -truth[:, None])
    silent = generator.random(votes.shape) < 0.3
    found = flyingsquid.accuracies(votes_of(np.where(silent, -1, (votes + 1) // 2)))
    assert found == pytest.approx(accuracy, abs=0.03)


def test_flyingsquid_by_hand_for_one_triplet():
    # E[01] = 1/2, E[02] = 1/2, E[12] = 0 makes a_0 unusable; E[12] = 1/2 gives a = sqrt(1/2) for all.
    matrix = np.array([[1, 1, 1], [0, 0, 0], [1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 0, 0]])
    signs = 2 * matrix - 1
    e = signs.T @ signs / len(signs)
    expected = [math.sqrt(abs(e[i, j] * e[i, k] / e[j, k])) for i, j, k in ((0, 1, 2), (1, 0, 2), (2, 0, 1))]
    found = flyingsquid.accuracies(votes_of(matrix))
    assert found == pytest.approx(np.minimum(expected, flyingsquid.MOST))


def test_a_function_that_meets_no_other_says_nothing():
    matrix = np.array([[1, -1, -1], [-1, 1, 0], [-1, 0, 0]])
    assert flyingsquid.accuracies(votes_of(matrix))[0] == 0


# --------------------------------------------------------------------------------------------- pseudo-labels


@pytest.mark.parametrize(("found", "positives"), [(0, 400), (2, 400), (100, 400), (631, 1262)])
def test_the_share_of_pseudo_anomalies_is_that_of_the_card(found, positives):  # 12.9
    percent = pseudo_labels.anomaly_percent(found, 400_000, PseudoLabelSettings())
    assert percent * 4000 == pytest.approx(positives)


def test_of_a_thousand_points_one_is_an_anomaly_and_a_hundred_are_normal():  # 12.9
    scores = np.random.default_rng(0).permutation(1000) / 2000 + 0.1
    labels, saturated = pseudo_labels.by_posterior(scores, 0, PseudoLabelSettings())
    assert ((labels == 1).sum(), (labels == 0).sum()) == (1, 100)
    assert scores[labels == 1].min() > scores[labels == 0].max()
    assert not saturated


@given(st.integers(0, 600), st.sampled_from([1.0, 4.0]), st.integers(2, 12))
def test_no_point_is_both_whatever_the_shares(found, percentage, levels):  # 13.12
    scores = np.random.default_rng(found).integers(levels, size=1000) / levels + 0.001
    settings = PseudoLabelSettings(anomaly_percentage=percentage)
    labels, _ = pseudo_labels.by_posterior(scores, found, settings)
    if (labels == 1).any() and (labels == 0).any():
        assert scores[labels == 1].min() > scores[labels == 0].max()
    labels = pseudo_labels.by_margin((scores * 10).astype(int), found, settings)
    assert (labels == 1).any()
    assert (labels == 0).any()


def test_more_than_the_pool_is_never_asked_for():
    scores = np.linspace(0.1, 0.9, 1000)
    labels, _ = pseudo_labels.by_posterior(scores, 30, PseudoLabelSettings())  # 6 % and 600 %
    assert ((labels == 1).sum(), (labels == 0).sum()) == (60, 940)


@pytest.mark.parametrize(
    ("scores", "saturated"),
    [([0.0] * 20 + [0.5] * 80, True), ([0.2] * 90 + [1.0] * 10, True), ([0.1] * 50 + [0.9] * 50, False)],
)
def test_a_posterior_at_either_end_is_saturated(scores, saturated):
    assert pseudo_labels.by_posterior(np.array(scores), 0, PseudoLabelSettings())[1] is saturated


def test_user_labels_win():
    labels = pseudo_labels.with_user_labels(np.array([1, 0, -1, 1], np.int8), np.array([0, -1, 1, -1], np.int8))
    assert labels.tolist() == [0, 0, 1, 1]


# ----------------------------------------------------------------------------------------------- generated


@pytest.mark.parametrize(("points", "passes"), [(64, False), (66, True), (67, True)])
def test_one_outlier_passes_eight_deviations_from_66_points_on(points, passes):  # 12.10
    inputs = np.zeros((points, 2), dtype=np.float64)
    inputs[:, 0] = 1.0
    inputs[0] = (1.0, 10.0)
    found = generated.statistics_votes(inputs, np.array([0]), 8.0)
    assert found.tolist() == [passes] + [False] * (points - 1)


@given(st.integers(0, 10_000))
def test_an_anchor_never_labels_more_than_chebyshev_allows(seed):  # 12.10
    inputs = np.random.default_rng(seed).standard_t(1.5, size=(400, 3)).astype(np.float32)
    assert generated.statistics_votes(inputs, np.array([0]), 8.0).sum() <= 400 / 65
    for kind in ("fixed", "published"):
        assert generated.representation_votes(inputs, np.array([0]), 8.0, kind).sum() <= 400 / 65


def cluster():
    generator = np.random.default_rng(0)
    points = generator.standard_normal((4000, 16)).astype(np.float32) * 0.01 + np.eye(16, dtype=np.float32)[0]
    points[:5] = 30 * np.eye(16, dtype=np.float32)[1] + points[:5]
    return points


def test_the_fixed_representation_function_finds_what_looks_like_the_anchor():
    assert np.flatnonzero(generated.representation_votes(cluster(), np.array([0]), 8.0, "fixed")).tolist() == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_the_published_one_compares_a_unit_vector_with_a_long_one():
    points = cluster()
    distance = np.abs(points / np.linalg.norm(points, axis=1, keepdims=True) - points[0]).sum(1)
    expected = distance < distance.mean() - 8 * distance.std()
    assert (generated.representation_votes(points, np.array([0]), 8.0, "published") == expected).all()


def test_anchors_are_joined_and_blocks_change_nothing(monkeypatch):
    inputs = np.random.default_rng(3).standard_t(2, size=(500, 4)).astype(np.float32)
    anchors = np.arange(20)
    apart = np.any([generated.statistics_votes(inputs, anchors[[one]], 5.0) for one in anchors], axis=0)
    monkeypatch.setattr(generated, "BLOCK", 1500)
    assert (generated.statistics_votes(inputs, anchors, 5.0) == apart).all()


def test_inside_the_window_the_user_has_the_word():
    votes = generated.votes_for(np.ones(10, dtype=bool), slice(3, 7), np.array([4]))
    assert votes.tolist() == [1, 1, 1, 0, 1, 0, 0, 1, 1, 1]


def test_the_gold_model_votes_for_half_a_percent_and_nearly_half():
    votes = generated.gold_model_votes(np.random.default_rng(0).permutation(10_000) / 1e4, 1.0)
    assert ((votes == 1).sum(), (votes == 0).sum()) == (50, 4950)
    assert (generated.gold_model_votes(np.full(10, 0.3), 1.0) == -1).all()
