"""Removal of features on networks whose decisions are known."""

import pytest
import torch

from tenfold.papers.r2et.faithfulness import faithfulness, without
from tenfold.papers.r2et.networks.perceptron import Perceptron
from tenfold.papers.r2et.networks.stack import Stack
from tests.papers.r2et.conftest import made_stack


@pytest.fixture
def linear():
    """Two classes with logits (0, 3 x1 + 2 x2 + x3 - 2.5)."""
    weights = torch.tensor([[0.0, 3.0], [0.0, 2.0], [0.0, 1.0], [0.0, 0.0]])[None]
    return Stack(Perceptron(4, (), 2), {"weight0": weights, "bias0": torch.tensor([[0.0, -2.5]])})


def measured(stack, x, stages=10, k=1):
    sizes = torch.tensor([3.0, 2.0, 1.0, 0.5]).expand(1, x.shape[1], 4)
    return faithfulness(stack, x, stack.predict(x), sizes, torch.zeros(1, 4), k, stages)


def test_the_worked_sample(linear):
    x = torch.ones(1, 1, 4)  # logit 3.5; without the first 0.5; without the first two -1.5
    found = measured(linear, x)
    sigmoid = torch.sigmoid(torch.tensor([3.5, 0.5]))
    assert found.flip_fraction.item() == 0.5
    assert found.comprehensiveness.item() == pytest.approx((sigmoid[0] - sigmoid[1]).item())
    assert found.sufficiency.item() == pytest.approx((sigmoid[0] - sigmoid[1]).item())  # x1 alone: 3 - 2.5 = 0.5


def test_a_prediction_that_nothing_changes_has_fraction_1(linear):
    x = torch.zeros(1, 1, 4)
    assert measured(linear, x).flip_fraction.item() == 1.0


def test_fewer_stages_round_the_fraction_up(linear):
    x = torch.ones(1, 1, 4)
    assert measured(linear, x, stages=2).flip_fraction.item() == 0.5
    assert measured(linear, x, stages=1).flip_fraction.item() == 1.0


def test_removing_all_features_leaves_the_neutral_input(random):
    stack = made_stack(models=2)
    x = torch.randn(2, 3, 6, generator=random, dtype=torch.float64)
    neutral = torch.randn(2, 6, generator=random, dtype=torch.float64)
    everything = torch.ones(2, 3, 6, dtype=torch.bool)
    assert torch.equal(without(x, everything, neutral), neutral.unsqueeze(1).expand_as(x))
    assert torch.equal(without(x, ~everything, neutral), x)
    classes = stack.predict(x)
    sizes = torch.rand(2, 3, 6, generator=random, dtype=torch.float64)
    found = faithfulness(stack, x, classes, sizes, x.mean(1), 3, 50)
    assert (found.flip_fraction > 0).all()
    assert (found.flip_fraction <= 1).all()


def test_a_pixel_is_removed_in_all_channels(random):
    x = torch.rand(1, 2, 3, 2, 2, generator=random) + 1
    removed = torch.zeros(1, 2, 4, dtype=torch.bool)
    removed[:, :, 1] = True
    found = without(x, removed, torch.zeros(1, 3, 2, 2))
    assert (found[..., 0, 1] == 0).all()
    assert torch.equal(found[..., 1, :], x[..., 1, :])
