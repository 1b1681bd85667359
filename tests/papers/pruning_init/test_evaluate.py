"""Measurements and the numbers of figures and tables, from made-up predictions."""

import numpy as np
import pytest

from tenfold.papers.pruning_init.drawing.grids import crossing, rise
from tenfold.papers.pruning_init.drawing.tables import number
from tenfold.papers.pruning_init.evaluate import error_rates, evaluate


class Finished:
    def __init__(self, settings, predictions, data=None):
        self.settings, self.predictions, self.data, self.seeds = settings, predictions, data, [7]


def theory_run(ratio, error, covered, steps):
    """One seed, keep rates 1 and .1, two noise levels; errors in quarters, of two patches and two classes."""
    shape = (1, 2, 2)
    predicted = np.zeros((*shape, 2, 2), np.uint8) + np.arange(2, dtype=np.uint8)
    for place in np.ndindex(shape):
        wrong = int(4 * np.array(error).reshape(shape)[place])
        flat = predicted[place].reshape(-1)
        flat[:wrong] = 1 - flat[:wrong]
    arrays = {name: np.zeros(shape) for name in ("test-nll", "train-error", "train-loss", "signal-coefficient")}
    arrays |= {
        "keep": np.array([1, 0.1]), "noise": np.array([0.2, 0.4]), "predicted": predicted,
        "noise-coefficient": np.zeros(shape), "diverged": np.zeros(shape, bool),
        "steps": np.array(steps).reshape(shape),
        "ratio": np.array(ratio, float).reshape(shape), "covered": np.array(covered, float).reshape(shape),
    }  # fmt: skip
    measured = ["test-error", "predictor-agreement", "predictor-correlation", "steps"]
    return Finished({"theory": {"measured": measured}}, arrays)


def values(run):
    return {(m.metric, m.split): m.value for m in evaluate(run)}


def test_errors_and_kept_predictions_of_a_grid():
    run = theory_run(ratio=[6, 0.5, 0.1, 9], error=[0.5, 0.5, 0, 0.5], covered=[1, 1, 1, 1], steps=[10, 30, 30, 30])
    found = values(run)
    assert found["test-error", "noise 0.2 keep 1"] == 0.5
    assert found["test-error", "noise 0.2 keep 0.1"] == 0.0
    assert found["steps", "noise 0.4 keep 0.1"] == 30
    # Kept: .1 -> 0, 6 -> .5, 9 -> .5. Broken: .5 -> .5.
    assert found["predictor-agreement", "grid"] == 0.75
    assert found["predictor-agreement", "grid after more than 20 steps"] == pytest.approx(2 / 3)
    assert ("train-error", "noise 0.2 keep 1") not in found


def test_a_lost_class_and_a_ratio_in_between_promise_nothing():
    run = theory_run(ratio=[2, 0.5, np.inf, 9], error=[0.25, 0, 0, 0.5], covered=[1, 1, 0.5, 1], steps=[30] * 4)
    found = values(run)
    assert found["predictor-agreement", "grid"] == 1.0
    assert found["predictor-correlation", "grid"] == pytest.approx(1.0)


def test_without_ratios_nothing_is_said_of_predictions():
    run = theory_run(ratio=[np.nan] * 4, error=[0.5, 0.5, 0, 0.5], covered=[1] * 4, steps=[30] * 4)
    assert not [key for key in values(run) if key[0].startswith("predictor")]


def test_a_diverged_cell_has_no_numbers_and_keeps_no_promise():
    run = theory_run(ratio=[6, 0.5, 0.1, 9], error=[0.5, 0.5, 0, 0.5], covered=[1, 1, 1, 1], steps=[30] * 4)
    run.predictions["diverged"][0, 0, 1] = True
    found = values(run)
    assert np.isnan(found["test-error", "noise 0.4 keep 1"])
    assert np.isnan(found["steps", "noise 0.4 keep 1"])
    assert found["predictor-agreement", "grid"] == 1.0


def test_error_rates_compare_with_the_last_axis():
    predicted = np.array([[0, 1], [0, 0], [1, 1]])
    assert error_rates(predicted) == pytest.approx(2 / 6)


def test_accuracies_of_images():
    arrays = {
        "keep": np.array([1, 0.5]), "predicted": np.array([[[1, 2, 3, 0], [1, 1, 1, 1]]], np.uint8),
        "train-accuracy": np.array([[1.0, 0.9]]), "kept": np.array([[1.0, 0.51]]),
    }  # fmt: skip
    found = values(Finished({"theory": None}, arrays, {"test_labels": np.array([1, 2, 3, 1])}))
    assert found["test-accuracy", "keep 1"] == 0.75
    assert found["test-accuracy", "keep 0.5"] == 0.5
    assert found["train-accuracy", "keep 0.5"] == 0.9
    assert found["kept-weights", "keep 0.5"] == 0.51


KEEP = np.array([1, 0.1, 0.01])


@pytest.mark.parametrize(
    ("error", "down", "up"),
    [
        ([0.5, 0.0, 0.5], 10**-0.5, 10**-1.5),
        ([0.5, 0.5, 0.0], 10**-1.5, None),
        ([0.0, 0.0, 0.5], np.inf, 10**-1.5),
        ([0.5, 0.4, 0.5], None, None),
        ([np.inf, 0.0, 0.0], 10**-0.5, None),
    ],
)
def test_thresholds_lie_where_the_error_crosses_on_a_logarithmic_axis(error, down, up):
    level = 0.25
    for found, expected in ((crossing(KEEP, np.array(error), level), down), (rise(KEEP, np.array(error), level), up)):
        assert found == (pytest.approx(expected) if expected is not None else None)


@pytest.mark.parametrize(("value", "text"), [(None, "none"), (np.inf, "infinite"), (0.12345, "0.123")])
def test_numbers_in_tables(value, text):
    assert number(value) == text
