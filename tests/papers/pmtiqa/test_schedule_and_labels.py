"""Schedule, learning rate, losses, classes, splits, averaging over crops: the card's reference values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from tenfold.papers.pmtiqa.labels import CLASSES, DROPPED, classes_of
from tenfold.papers.pmtiqa.schedule import rate_exponent, task_losses, task_weights
from tenfold.papers.pmtiqa.splits import mean_over_crops, split_units


def test_progressive_weights():
    assert task_weights("progressive", 0, 20) == (0, 1)
    assert task_weights("progressive", 1, 20) == pytest.approx((0.052632, 0.947368), abs=1e-6)
    assert task_weights("progressive", 10, 20) == pytest.approx((0.526316, 0.473684), abs=1e-6)
    assert task_weights("progressive", 19, 20) == (1, 0)
    assert task_weights("progressive", 15, 30)[0] == pytest.approx(0.517241, abs=1e-6)
    assert task_weights("progressive", 0, 1) == (1, 0)


@given(st.integers(2, 60), st.data())
def test_weights_sum_to_one_and_the_reversed_schedule_mirrors_the_progressive(epochs, data):
    epoch = data.draw(st.integers(0, epochs - 1))
    first, second = task_weights("progressive", epoch, epochs)
    assert first + second == pytest.approx(1)
    assert task_weights("reversed", epoch, epochs) == pytest.approx(
        task_weights("progressive", epochs - 1 - epoch, epochs)
    )
    assert task_weights("fixed", epoch, epochs, 0.9, 0.8) == (0.9, 0.8)


def test_learning_rate_falls_after_epochs_6_12_and_18():
    assert [rate_exponent(epoch) for epoch in range(20)] == [0] * 7 + [-1] * 6 + [-2] * 6 + [-3]
    assert [rate_exponent(epoch, 11) for epoch in (0, 11, 12, 22, 23)] == [0, 0, -1, -1, -2]


QUALITY = torch.tensor([3.0, 1.0, 4.0])
LABELS = torch.tensor([2.5, 2.0, 4.0])
LOGITS = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]])
CHOSEN = torch.tensor([0, 2, 2])


def test_losses():
    regression, classification = task_losses(QUALITY, LOGITS, LABELS, CHOSEN, torch.ones(3))
    assert regression.item() == pytest.approx(0.5)
    assert classification.item() == pytest.approx(0.628637, abs=1e-6)
    for epoch, expected in ((0, 0.628637), (5, 0.594786), (10, 0.560934), (19, 0.5)):
        first, second = task_weights("progressive", epoch, 20)
        assert (first * regression + second * classification).item() == pytest.approx(expected, abs=1e-6)


def test_losses_of_padded_rows_are_those_of_the_samples_that_are_there():
    present = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    stacked = [torch.stack([one, one]) for one in (QUALITY, LOGITS, LABELS, CHOSEN)]
    regression, classification = task_losses(stacked[0], stacked[1], stacked[2], stacked[3], present)
    kept = torch.tensor([0, 2])
    assert regression[1].item() == pytest.approx((QUALITY - LABELS)[kept].abs().mean().item())
    assert classification[1].item() == pytest.approx(functional.cross_entropy(LOGITS[kept], CHOSEN[kept]).item())
    assert classification[0].item() == pytest.approx(functional.cross_entropy(LOGITS, CHOSEN).item())


def test_classes():
    assert classes_of(np.array([15.51, 9.99, 111.8, -2.64]), "live").tolist() == [1, 0, 9, DROPPED]
    assert classes_of(np.array([45.0, 55.0, 92.43]), "tens").tolist() == [4, 6, 9]
    assert classes_of(np.array([0.062, 0.25, 0.96]), "csiq").tolist() == [1, 2, 10]
    assert CLASSES["csiq"] == 11
    assert classes_of(np.array([4.92, 0.164]), "bid").tolist() == [9, 0]
    assert classes_of(np.array([0.0, 9.9, 99.9, 100.0]), "pseudo").tolist() == [0, 0, 9, 9]


def test_scores_outside_the_classes_are_refused():
    with pytest.raises(ValueError, match="do not fit the classes of 'csiq'"):
        classes_of(np.array([0.5, 1.2]), "csiq")


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(0, 5))
def test_splits_never_part_the_images_of_a_reference(units, seed):
    units = np.array(units)
    trains = split_units(units, np.random.default_rng(seed))
    assert not set(units[trains]) & set(units[~trains])
    assert len(set(units[trains])) == round(0.8 * len(set(units)))


def test_the_order_of_files_does_not_change_a_split():
    units = np.repeat(np.arange(10), 3)
    order = np.random.default_rng(1).permutation(30)
    first = split_units(units, np.random.default_rng(7))
    assert np.array_equal(split_units(units[order], np.random.default_rng(7)), first[order])


def test_predictions_are_averaged_over_the_crops_of_an_image():
    values = np.array([1, 3, 2, 4, 10, 12, 8, 10, 5, 7, 5, 7])
    assert mean_over_crops(values, 4).tolist() == [2.5, 10, 6]
