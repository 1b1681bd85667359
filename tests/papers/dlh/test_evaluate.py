"""From saved scores and events to metrics, on arrays made by hand; probes and colours against known answers."""

from __future__ import annotations

import numpy as np
import pytest

from tenfold.data.generators.moving_ball import PALETTE
from tenfold.papers.dlh.evaluate import levels, quality, true_events
from tenfold.papers.dlh.palette import palette_distance
from tenfold.papers.dlh.probes import class_accuracy, explained_variance


def by_name(measurements) -> dict[tuple[str, str], float]:
    return {(one.metric, one.split): one.value for one in measurements}


def test_the_best_future_is_chosen_by_each_metric_for_itself():
    ssim = np.array([[[0.2, 0.4], [0.5, 0.5]], [[0.4, 0.6], [0.1, 0.3]]])  # (K, B, horizon)
    psnr = np.array([[[9.0, 9.0], [8.0, 8.0]], [[6.0, 8.0], [9.0, 11.0]]])
    found = by_name(quality({"ssim": ssim, "psnr": psnr, "parameters": np.array(3)}, 0))
    assert found["ssim", "test"] == pytest.approx((0.5 + 0.5) / 2)
    assert found["psnr", "test"] == pytest.approx((9 + 10) / 2)
    assert found["ssim_mean", "test"] == pytest.approx((0.3 + 0.5 + 0.5 + 0.2) / 4)
    assert found["psnr_mean", "test"] == pytest.approx((9 + 8 + 7 + 10) / 4)


def test_futures_without_a_ball_have_no_colour():
    scores = {"ssim": np.zeros((1, 1, 2)), "psnr": np.zeros((1, 1, 2)), "parameters": np.array(0)}
    found = by_name(quality(scores | {"palette": np.array([[[0.2, np.nan]]])}, 0))
    assert found["palette_distance", "test"] == pytest.approx(0.2)
    assert found["ball_share", "test"] == pytest.approx(0.5)
    found = by_name(quality(scores | {"palette": np.full((1, 1, 2), np.nan)}, 0))
    assert ("palette_distance", "test") not in found


ARRAYS = {
    # one sequence, five frames, three levels; the first frame changes all
    "events/changed": np.array([[[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]]], dtype=bool),
    "events/seen": np.array([[[1, 1, 1], [1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 0]]], dtype=bool),
    "events/probability": np.array(
        [[[1, 0.9, 0.9], [1, 0.1, 0.7], [1, 0.6, 0.4], [1, 0.8, 0.5], [1, 0.3, 0.7]]], dtype=np.float32
    ),
    "events/divergence": np.ones((1, 5, 3), dtype=np.float32),
}


def test_depth_cost_and_chances_at_changes_and_at_rest():
    found = by_name(levels(ARRAYS, 0))
    assert found["depth", "test"] == pytest.approx((3 + 1 + 2 + 3 + 1) / 5)
    assert found["kl", "test"] == pytest.approx(3)
    assert found["update_rate", "level-2"] == pytest.approx(2 / 4)
    assert found["p_change", "level-2"] == pytest.approx((0.6 + 0.8) / 2)
    assert found["p_static", "level-2"] == pytest.approx((0.1 + 0.3) / 2)
    assert found["p_difference", "level-2"] == pytest.approx(0.5)
    assert found["p_static", "level-3"] == pytest.approx(0.4)  # where it was examined and stayed
    assert found["collapsed", "level-2"] == 0


@pytest.mark.parametrize("rate", [0, 1])
def test_a_level_that_never_or_always_changes_has_collapsed(rate):
    changed = np.full((1, 100, 2), bool(rate))
    changed[:, 0] = True
    changed[..., 0] = True
    arrays = ARRAYS | {
        "events/changed": changed, "events/seen": np.ones_like(changed),
        "events/probability": np.full(changed.shape, 0.5), "events/divergence": np.zeros(changed.shape),
    }  # fmt: skip
    found = by_name(levels(arrays, 0))
    assert found["collapsed", "level-2"] == 1
    assert ("p_difference", "level-2") not in found


def test_a_fixed_clock_has_a_rate_but_no_chances():
    clock = ARRAYS | {"events/probability": np.full((1, 5, 3), np.nan)}
    found = by_name(levels(clock, 0))
    assert ("update_rate", "level-2") in found
    assert not [key for key in found if key[0].startswith("p_")]


def test_changes_are_compared_from_the_second_frame_on():
    data = {"test/changes": np.array([[0, 0, 1, 0, 1]], dtype=bool)}
    found = by_name(true_events(ARRAYS, data, 0))
    assert found["event_precision", "level-2"] == pytest.approx(1 / 2)
    assert found["event_recall", "level-2"] == pytest.approx(1 / 2)
    assert found["event_f1_random", "level-2"] == pytest.approx(0.5)
    assert found["event_recall", "level-3"] == 0


@pytest.mark.parametrize("number", range(len(PALETTE)))
def test_a_ball_of_a_pure_colour_lies_on_the_palette(number):
    frame = np.zeros((9, 9, 3))
    frame[2:5, 3:7] = PALETTE[number] / 255
    assert palette_distance(frame) == pytest.approx(0, abs=1e-12)


def test_a_mixture_of_two_colours_is_off_the_palette():
    frame = np.zeros((2, 9, 9, 3))
    frame[0, 2:5, 3:7] = [1, 0.5, 0]  # between red and yellow
    frame[1] = 0.4  # nothing is bright
    found = palette_distance(frame)
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])


def test_the_probe_for_colours_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    labels = generator.integers(4, size=600)
    inputs = np.eye(4)[labels] @ generator.standard_normal((4, 3)) + 0.7 * generator.standard_normal((600, 3))
    found = class_accuracy(inputs[:300], labels[:300], inputs[300:], labels[300:], 4)
    expected = LogisticRegression(C=1 / (1e-3 * 300), max_iter=1000).fit(inputs[:300], labels[:300])
    assert found == pytest.approx(expected.score(inputs[300:], labels[300:]), abs=0.02)
    assert 0.3 < found < 1


def test_the_probe_for_positions_explains_what_is_linear():
    generator = np.random.default_rng(1)
    inputs = generator.standard_normal((400, 5))
    targets = inputs[:, :2] @ generator.standard_normal((2, 2)) + 3
    assert explained_variance(inputs[:200], targets[:200], inputs[200:], targets[200:]) == pytest.approx(1)
    noise = generator.standard_normal((400, 2))
    assert abs(explained_variance(inputs[:200], noise[:200], inputs[200:], noise[200:])) < 0.2


def test_a_level_without_variation_tells_nothing():
    inputs, labels = np.ones((100, 3)), np.arange(100) % 2
    assert class_accuracy(inputs, labels, inputs, labels, 2) == pytest.approx(0.5)
