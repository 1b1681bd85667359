"""Loss weighting against hand-worked values (T5), automatic differentiation, and invariants."""

import pytest
import torch

from tenfold.papers.adatask.balancing.base import Balancer
from tenfold.papers.adatask.balancing.weighting import (
    DynamicWeightAverage,
    GradNorm,
    RandomLossWeighting,
    SingleTask,
    UncertaintyWeighting,
    dwa_weights,
    gradnorm_gradient,
)

LOSSES = torch.tensor([2.0, 0.5])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_equal_weighting_changes_nothing():
    plain = Balancer(2, generator())
    assert plain.weigh(LOSSES).tolist() == [1, 1]
    assert plain.merge(LOSSES[:, None]).tolist() == [[2.0], [0.5]]


def test_a_single_task_has_all_the_weight():
    assert SingleTask(3, generator(), 1).weigh(torch.ones(3)).tolist() == [0, 1, 0]


def test_uncertainty_weighting_follows_the_gradient_of_its_loss():
    method, twin = UncertaintyWeighting(2, generator()), torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([twin], lr=0.025)
    assert method.weigh(LOSSES).tolist() == [0.5, 0.5]
    for step in range(5):
        optimizer.zero_grad()
        losses = LOSSES * (1 if step == 0 else 1 / step)
        (0.5 * (torch.exp(-twin) * losses + twin)).sum().backward()
        optimizer.step()
        if step:
            method.weigh(losses)
    assert torch.allclose(method.log_variances, twin, atol=1e-6)
    assert torch.allclose(method.weigh(LOSSES), 0.5 * torch.exp(-twin))


def test_uncertainty_weighting_settles_where_every_weighted_loss_is_equal():
    method = UncertaintyWeighting(2, generator(), lr=0.05)
    for _ in range(600):
        weights = method.weigh(LOSSES)
    assert (weights * LOSSES).tolist() == pytest.approx([0.5, 0.5], abs=0.01)


def test_dynamic_weights_of_the_reference():
    weights = dwa_weights(torch.tensor([0.9, 0.5]), torch.tensor([1.0, 1.0]), 2.0)
    assert weights.tolist() == pytest.approx([1.099668, 0.900332], abs=1e-6)


def test_dynamic_weights_start_at_one_and_use_means_of_the_last_two_epochs():
    method = DynamicWeightAverage(2, generator())
    for epoch_losses in ([1.0, 2.0], [0.9, 1.0]):
        assert method.weigh(torch.tensor(epoch_losses) - 0.1).tolist() == [1, 1]
        assert method.weigh(torch.tensor(epoch_losses) + 0.1).tolist() == [1, 1]
        method.end_epoch()
    assert method.weigh(torch.ones(2)).tolist() == pytest.approx([1.099668, 0.900332], abs=1e-6)
    assert method.weigh(torch.ones(2)).tolist() == pytest.approx([1.099668, 0.900332], abs=1e-6)
    method.end_epoch()
    expected = dwa_weights(torch.ones(2), torch.tensor([0.9, 1.0]))
    assert method.weigh(LOSSES).tolist() == pytest.approx(expected.tolist())


def test_random_weights_sum_to_the_number_of_tasks_and_average_to_one():
    method = RandomLossWeighting(2, generator())
    drawn = torch.stack([method.weigh(LOSSES) for _ in range(2000)])
    assert torch.allclose(drawn.sum(1), torch.full((2000,), 2.0))
    assert drawn.mean(0).tolist() == pytest.approx([1, 1], abs=0.05)
    assert drawn.std() > 0.2


def test_gradnorm_of_the_reference():
    norms, weights, ratios = torch.tensor([2.0, 0.5]), torch.ones(2), torch.tensor([0.8, 0.4])
    loss, slope = gradnorm_gradient(norms, weights, ratios, 1.5)
    assert loss.item() == pytest.approx(0.255913, abs=1e-6)
    assert slope.tolist() == [2.0, -0.5]


def test_gradnorms_gradient_is_that_of_automatic_differentiation():
    unweighted = torch.tensor([1.3, 0.2, 4.0])
    weights = torch.tensor([0.8, 1.5, 0.7], requires_grad=True)
    ratios = torch.tensor([0.5, 0.9, 0.7])
    norms = weights * unweighted
    target = (norms.mean() * (ratios / ratios.mean()) ** 1.5).detach()
    (norms - target).abs().sum().backward()
    _, slope = gradnorm_gradient(norms.detach(), weights.detach(), ratios)
    assert torch.allclose(slope, weights.grad)


def test_gradnorm_gives_weight_to_small_gradients_and_keeps_the_sum():
    method = GradNorm(2, generator(), layer=slice(0, 2))
    gradients = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.5, 99.0]])  # over the last layer: norms 5 and 0.5
    for _ in range(10):
        weights = method.weigh(LOSSES)
        assert method.merge(gradients * weights[:, None]).shape == gradients.shape
        assert weights.sum().item() == pytest.approx(2)
    assert weights[1] > 1.1 > 0.9 > weights[0]


@pytest.mark.parametrize("method", [UncertaintyWeighting, DynamicWeightAverage, RandomLossWeighting, GradNorm])
def test_a_method_goes_on_from_its_state(method):
    whole, first, second = (method(2, generator(7)) for _ in range(3))
    second.generator.manual_seed(99)

    def step(one, number):
        weights = one.weigh(LOSSES / (number + 1))
        if one.needs_gradients:
            one.merge(torch.tensor([[1.0, 2.0], [0.1, 0.2]]) * weights[:, None])
        one.end_epoch()
        return weights

    for number in range(4):
        step(whole, number)
        step(first, number)
    second.load_state_dict(first.state_dict())
    assert torch.equal(step(whole, 4), step(second, 4))
