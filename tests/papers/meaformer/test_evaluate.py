"""From predictions to measurements."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tenfold.papers.meaformer.evaluate import evaluate


def finished(predictions, shares, compared_with=False):
    settings = {"split": {"shares": shares}, "compared_with": compared_with}
    return SimpleNamespace(seeds=[3], settings=settings, predictions=predictions)


def ranks(name, left, right):
    return {f"{name}/left": np.array(left), f"{name}/right": np.array(right)}


def measured(run):
    return {(m.split, m.metric): m.value for m in evaluate(run)}


def test_both_directions_and_their_mean():
    arrays = {
        **ranks("3/0.3/last", [0, 1, 1], [0, 1, 0]),
        **ranks("3/0.3/selected", [0, 0, 0], [0, 0, 0]),
        **ranks("3/0.3/best", [10, 10, 10], [10, 10, 10]),
        "3/0.3/parameters": np.array(12),
        "3/0.3/selected/epoch": np.array(5),
    }
    found = measured(finished(arrays, [0.3]))
    assert found["last", "hits1"] == pytest.approx(1 / 3)
    assert found["last", "hits1_back"] == pytest.approx(2 / 3)
    assert found["last", "hits1_both"] == pytest.approx(1 / 2)
    assert found["last", "mrr"] == pytest.approx(2 / 3)
    assert found["last", "mrr_back"] == pytest.approx(5 / 6)
    assert found["test", "hits1"] == 1
    assert found["best-on-test", "hits10"] == 0
    assert found["best-on-test", "mrr"] == pytest.approx(1 / 11)
    assert found["model", "parameters"] == 12
    assert found["test", "chosen_epoch"] == 5


def test_a_curve_is_measured_at_its_last_epochs_beside_what_it_is_compared_with():
    arrays, other = {}, {}
    for share, left, theirs in ((0.05, [0, 0], [0, 5]), (0.5, [0, 0], [0, 0])):
        arrays |= ranks(f"3/{share:g}/last", left, left) | ranks(f"3/{share:g}/best", left, left)
        other |= ranks(f"reference/3/{share:g}/last", theirs, theirs)
    found = measured(finished(arrays | other, [0.05, 0.5], compared_with=True))
    assert found["5%", "hits1"] == 1
    assert found["5%", "gain_hits1_both"] == pytest.approx(0.5)
    assert found["50%", "gain_hits1_both"] == 0
    assert {split for split, _ in found} == {"5%", "50%"}


def test_weights_of_right_wrong_and_missing_pictures():
    arrays = {
        **ranks("3/0.3/last", [0], [0]),
        "3/0.3/parameters": np.array(12),
        "3/0.3/selected/epoch": np.array(5),
        "3/0.3/weights/weights": np.array([[0.7, 0.3], [0.9, 0.1], [0.5, 0.5]]),
        "3/0.3/weights/modalities": np.array(["graph", "vision"]),
        "3/0.3/weights/pictured": np.array([True, True, False]),
        "3/0.3/weights/corrupted": np.array([False, True, False]),
    }
    found = measured(finished(arrays, [0.3]))
    assert found["all", "weight_graph"] == pytest.approx(0.7)
    assert found["with-picture", "weight_vision"] == pytest.approx(0.3)
    assert found["another-picture", "weight_vision"] == pytest.approx(0.1)
    assert found["without-picture", "weight_vision"] == pytest.approx(0.5)
    assert found["all", "spread_vision"] == pytest.approx(np.std([0.3, 0.1, 0.5]))


def test_pseudo_links_and_their_features():
    arrays = {
        **ranks("3/0.3/last", [0], [0]),
        **ranks("3/0.3/pivot", [1], [0]),
        "3/0.3/parameters": np.array(12),
        "3/0.3/selected/epoch": np.array(5),
        "3/0.3/seed_precision": np.array(0.8),
        "3/0.3/grown": np.array([40, 0.9]),
    }
    found = measured(finished(arrays, [0.3]))
    assert found["pivot", "hits1_both"] == 0.5
    assert found["pivot", "seed_precision"] == 0.8
    assert found["last", "grown_links"] == 40
    assert found["last", "grown_precision"] == 0.9
