"""Choice by validation data, and metrics from arrays."""

import numpy as np
import pytest
from scipy import stats

from tenfold.papers.r2et.evaluate import budget_steps, disagreement, over_models, permutation_p, spearman
from tenfold.papers.r2et.selection import chosen, selection_score
from tenfold.papers.r2et.settings import Train


def test_the_most_stable_candidate_within_the_budget_is_chosen():
    quality = np.array([[0.80, 0.79, 0.70], [0.80, 0.81, 0.82]])
    precision = np.array([[0.5, 0.7, 0.9], [0.6, 0.9, 0.8]])
    assert chosen(quality, precision, np.array([0.79, 0.79])).tolist() == [1, 1]


def test_when_all_miss_the_budget_the_best_quality_is_chosen():
    assert chosen(np.array([[0.5, 0.6]]), np.array([[0.9, 0.1]]), np.array([0.79])).tolist() == [1]


def test_a_method_that_misses_the_budget_ranks_below_every_other():
    assert selection_score(0.80, 0.1, 0.79) == 0.1
    assert selection_score(0.70, 0.9, 0.79) == pytest.approx(-0.09)


def test_spearman_is_scipys():
    generator = np.random.default_rng(3)
    first, second = generator.integers(0, 5, 40), generator.normal(size=40)
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)
    assert np.isnan(spearman(np.ones(4), np.arange(4)))


def test_the_permutation_p_is_near_the_exact_one():
    first, second = np.arange(6.0), np.array([1.0, 0, 3, 2, 5, 4])
    exact = stats.permutation_test(
        (first,), lambda x: stats.spearmanr(x, second).statistic, permutation_type="pairings", alternative="greater",
        n_resamples=np.inf,
    ).pvalue  # fmt: skip
    error = np.sqrt(exact * (1 - exact) / 4999)
    assert permutation_p(first, second, spearman(first, second)) == pytest.approx(exact, abs=4 * error)
    assert permutation_p(first, first[::-1], -1.0) == 1.0


def test_models_are_correlated_within_a_seed():
    precision = np.zeros((1, 1, 5, 2))
    precision[-1, 0] = np.array([0.1, 0.2, 0.3, 0.4, 0.5])[:, None]
    arrays = {"thickness": precision[-1] ** 2, "precision/ranking": precision}
    assert over_models(arrays, 0)["model_rho"] == pytest.approx(1.0)
    assert over_models(arrays, 0)["model_rho_p"] < 0.05


def test_disagreement_needs_nearer_and_fewer():
    def array(*samples):  # (R, S, C, B): a first record that does not count, then one step
        return np.array([[0.0] * len(samples), samples]).reshape(2, 1, 1, -1)

    arrays = {
        "distance/ranking": array(1.0, 1.0, 2.0), "precision/ranking": array(0.5, 0.5, 0.5),
        "distance/distance": array(2.0, 2.0, 1.0), "precision/distance": array(0.75, 0.5, 0.75),
        "distance/random": array(0.5, 0.5, 0.5), "precision/random": array(1.0, 1.0, 1.0),
    }  # fmt: skip
    assert disagreement(arrays, 0).tolist() == [True, False, False]


def test_budgets_are_steps_that_were_recorded():
    assert budget_steps(Train()) == {0.1: 2, 0.25: 5, 0.5: 10}
    assert budget_steps(Train.model_validate({"attack": {"steps": 20, "every": 20, "step_size": 5e-3}})) == {0.1: 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"attack": {"steps": 25, "every": 10}}, "does not divide"),
        ({"candidates": [{"beta": 2.0}, {}]}, "for all of them or for none"),
        ({"candidates": [{"beta": 2.0}], "penalty": {"kind": "hessian"}}, "made for ReLU"),
        ({"pretrained": False, "candidates": [{}, {}]}, "no grid"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Train.model_validate(settings)
