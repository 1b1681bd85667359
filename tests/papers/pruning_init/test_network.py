"""The network and its gradient, against the hand-worked values of the card and against automatic differentiation."""

import math

import pytest
import torch

from tenfold.papers.pruning_init.theory.dynamics import Span, Weights
from tenfold.papers.pruning_init.theory.network import activation, fit, scores, training_error

W = torch.tensor([[1.0, 0.5], [-0.5, 1.0]], dtype=torch.float64).view(1, 2, 1, 2)  # (P, K, m, d)
DENSE = torch.ones(1, 2, 1, 2, dtype=torch.bool)
PRUNED = torch.tensor([[1, 0], [1, 1]], dtype=torch.bool).view(1, 2, 1, 2)
# Patches: signal of class 0, signal of class 1, and the noise of the only example, whose class is 0.
PATCHES = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.2, 0.4]]], dtype=torch.float64)
ONE_HOT = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64)


def one_step(space, mask, rate):
    """Scores, loss and weights after a step of size `rate`."""
    dynamics = space(W * mask, mask, PATCHES)
    position = dynamics.start(1)
    z = dynamics.preactivations(position)
    now = fit(z, ONE_HOT, 3)
    dynamics.descend(position, now.slope, rate * now.residual.unsqueeze(2))
    return scores(activation(z, 3).sum(2), ONE_HOT)[0, :, 0, 0], now.loss.item(), dynamics.weights(position)[0, :, 0, 0]


@pytest.mark.parametrize("space", [Span, Weights])
def test_dense_network_has_the_hand_worked_scores_loss_and_gradient(space):
    score, loss, after = one_step(space, DENSE, 1.0)
    assert score.tolist() == pytest.approx([1.064, 0.027], abs=1e-12)
    assert score.softmax(0).tolist() == pytest.approx([0.73827074, 0.26172926], abs=1e-8)
    assert loss == pytest.approx(0.3034446661, abs=1e-10)
    gradient = W[0, :, 0] - after
    assert gradient.flatten().tolist() == pytest.approx([-0.81031379, -0.05025202, 0.01413338, 0.02826676], abs=1e-8)


@pytest.mark.parametrize("space", [Span, Weights])
def test_masked_network_has_the_hand_worked_scores_loss_and_step(space):
    score, loss, after = one_step(space, PRUNED, 0.1)
    assert score.tolist() == pytest.approx([1.008, 0.027], abs=1e-12)
    assert score.softmax(0).tolist() == pytest.approx([0.72730659, 0.27269341], abs=1e-8)
    assert loss == pytest.approx(0.3184071666, abs=1e-10)
    assert after.flatten().tolist() == pytest.approx([1.08246249, 0.0, -0.50147254, 0.99705491], abs=1e-8)
    assert after[0, 1] == 0


def random_problem(power, *, pairs=3, classes=3, filters=4, levels=2, examples=5):
    generator = torch.Generator().manual_seed(power)
    z = torch.randn(pairs, classes, filters, levels, classes + examples, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (pairs, examples), generator=generator)
    return z, torch.nn.functional.one_hot(labels, classes).double(), labels


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_residual_times_slope_is_the_derivative_of_the_loss(power):
    z, one_hot, labels = random_problem(power)
    z.requires_grad_(True)
    classes = one_hot.shape[-1]
    summed = z.clamp_min(0).pow(power).sum(2)
    chosen = labels[:, None, None].expand(-1, classes, z.shape[3], -1)
    score = summed[..., :classes].gather(-1, chosen) + summed[..., classes:]  # (P, K, L, n)
    targets = labels[:, None].expand(-1, z.shape[3], -1)
    loss = torch.nn.functional.cross_entropy(score, targets, reduction="none").mean(-1)
    loss.sum().backward()
    with torch.no_grad():
        now = fit(z, one_hot, power)
    torch.testing.assert_close(now.loss, loss.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(now.residual.unsqueeze(2) * now.slope, z.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_at_zero_weights_the_loss_is_log_k_and_nothing_moves(power):
    z, one_hot, _ = random_problem(power)
    now = fit(torch.zeros_like(z), one_hot, power)
    torch.testing.assert_close(now.loss, torch.full_like(now.loss, math.log(one_hot.shape[-1])))
    assert not (now.residual.unsqueeze(2) * now.slope).any()


@pytest.mark.parametrize("power", [1, 3])
def test_scores_scale_with_the_power_of_the_weights(power):
    z, one_hot, _ = random_problem(power)
    before, after = (scores(activation(factor * z, power).sum(2), one_hot) for factor in (1, 1.7))
    torch.testing.assert_close(after, 1.7**power * before)


def test_permuting_the_filters_of_a_class_changes_nothing():
    z, one_hot, _ = random_problem(3)
    shuffled = z.clone()
    shuffled[:, 1] = z[:, 1, [2, 0, 3, 1]]
    torch.testing.assert_close(fit(shuffled, one_hot, 3).loss, fit(z, one_hot, 3).loss, rtol=1e-13, atol=0)


def test_training_error_counts_examples_and_gives_ties_to_the_lower_class():
    z, one_hot, labels = random_problem(3)
    error = training_error(torch.zeros_like(z), one_hot, 3)
    expected = (labels != 0).double().mean(1)
    torch.testing.assert_close(error, expected[:, None].expand_as(error))
    z[..., 3:] = 0
    z[..., :3] = 2 * torch.eye(3).view(1, 3, 1, 1, 3)  # every class likes its own signal best
    assert not training_error(z, one_hot, 3).any()
