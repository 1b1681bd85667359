"""Measurements from made-up predictions, and settings that do not fit together."""

import numpy as np
import pytest

from tenfold.errors import ConfigError
from tenfold.papers.adatask.evaluate import evaluate
from tenfold.papers.adatask.settings import Prepare, Train
from tenfold.settings import validate

DENSE = {"epochs": 2, "batch_size": 4, "averaged_epochs": 1}
RATES = {"adam": [1e-3]}


class Finished:
    def __init__(self, settings, predictions, data=None):
        self.settings = Train.model_validate({"learning_rates": RATES, **settings}).model_dump(mode="json")
        self.predictions, self.data, self.seeds = predictions, data or {}, [7]


def values(run):
    return {(m.metric, m.split): m.value for m in evaluate(run)}


def dense_predictions(key="7/1"):
    confusion = np.zeros((2, 7, 7))
    confusion[:, 0, 0] = confusion[:, 1, 1] = 5
    return {f"{key}/confusion": confusion, f"{key}/depth": np.array([[9, 9, 1], [2, 4, 10]], float)}


def test_metrics_of_the_last_epoch_and_delta_m_against_the_base():
    predictions = {**dense_predictions(), "7/base": np.array([0.1, 0.5, 0.8, 1.0])}
    found = values(Finished({"dense": DENSE}, predictions))
    assert found["abs_err", "test"] == pytest.approx(0.2)
    assert found["rel_err", "test"] == pytest.approx(0.4)
    assert found["miou", "test"] == found["pix_acc", "test"] == 1
    assert found["delta_m", "test"] == pytest.approx(25 * (1.0 - 0.2 - 0.25 + 0))


def test_several_weights_of_the_depth_loss_have_splits_of_their_own():
    predictions = {**dense_predictions("7/0.1"), **dense_predictions("7/1")}
    found = values(Finished({"dense": {**DENSE, "depth_weights": [0.1, 1]}}, predictions))
    assert {split for _, split in found} == {"depth x 0.1", "depth x 1"}


def test_single_task_models_are_their_own_base():
    found = values(Finished({"dense": DENSE, "balance": {"method": "single"}}, dense_predictions()))
    assert found["delta_m", "test"] == 0


def test_dominance_is_of_the_second_task_and_over_weights_of_layers():
    share = np.array([0.1, 0.9, 0.3, 0.2])
    mean = np.stack([1 - share, share], 1)
    watched = {
        "names": np.array(["e1", "e1 scale", "e2", "e3"]), "mean": mean, "dominated": mean,
        "gradient_mean": np.stack([share, share**2], 1),
    }  # fmt: skip
    predictions = {**dense_predictions(), **{f"7/1/{name}": value for name, value in watched.items()}}
    found = values(Finished({"dense": DENSE}, predictions))
    assert found["rau", "e2"] == pytest.approx(0.3)
    assert ("rau", "e1 scale") not in found
    assert found["rau", "layers"] == pytest.approx(0.2)
    assert found["rau_largest", "layers"] == pytest.approx(0.3)
    assert found["imbalance_largest", "layers"] == pytest.approx(0.4)
    assert found["imbalance_mean", "layers"] == pytest.approx(0.3)
    assert found["imbalance_by_depth", "layers"] == pytest.approx(-0.5)  # 0.4, 0.2, 0.3
    assert found["accumulator_correlation", "layers"] == pytest.approx(1)


def test_end_points_of_the_quadratic():
    toy = {"steps": 8, "halved": True, "ratios": [1, 10], "optimizers": ["adam"]}
    predictions = {
        "quadratic": np.array(True), "ratios": np.array([1.0, 10.0]),
        "adam/share": np.array([[0.5, 0.2]]), "adam/equilibrium": np.array([[0.01, -0.8]]),
    }  # fmt: skip
    found = values(Finished({"toy": toy}, predictions))
    assert found["equilibrium_error", "adam 1:10"] == pytest.approx(abs(-0.8 + 9 / 11))
    assert found["equilibrium_range", "adam"] == pytest.approx(0.81)
    found = values(Finished({"toy": toy, "accumulators": "task"}, predictions))
    assert found["equilibrium_error", "adam 1:10"] == pytest.approx(0.8)


def test_clicks_are_measured_on_the_test_rows():
    data = {"labels": np.array([[0, 0], [1, 0], [0, 1], [1, 1]]), "split": np.array([0, 2, 2, 2])}
    predictions = {
        "7/scores": np.array([[0.9, 0.1], [0.1, 0.2], [0.8, 0.3]]), "7/rate": np.array(1e-3),
        "7/validation": np.array(0.6), "7/base": np.array([0.5, 1.0]),
    }  # fmt: skip
    found = values(Finished({"clicks": {"epochs": 1, "batch_size": 2}}, predictions, data))
    assert (found["auc_first", "test"], found["auc_second", "test"]) == (1, 1)
    assert found["delta_m", "test"] == pytest.approx(-50)
    assert found["learning_rate", "chosen"] == 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "exactly one of toy, dense, clicks"),
        ({"dense": DENSE, "optimizer": "adagrad"}, "no rate for adagrad"),
        ({"dense": DENSE, "learning_rates": {"adam": [1e-3, 1e-2]}}, "one rate"),
        ({"dense": DENSE, "balance": {"method": "single"}, "accumulators": "task"}, "single task"),
        ({"dense": DENSE, "task_layers": ["d1"]}, "belongs to accumulators"),
        ({"toy": {"steps": 1, "halved": False}, "balance": {"method": "uw"}}, "toy problems"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        validate(Train, {"learning_rates": RATES, **settings}, "f")


def test_a_data_set_is_of_one_kind():
    with pytest.raises(ConfigError, match="exactly one of toy, scenes, city, ratings, videos"):
        validate(Prepare, {}, "f")
