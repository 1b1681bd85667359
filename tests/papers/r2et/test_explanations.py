"""SmoothGrad and Integrated Gradients against captum, and their axioms."""

import pytest
import torch

from tenfold.papers.r2et.explanations import integrated_gradients, smooth_gradient
from tenfold.papers.r2et.saliency import saliency
from tests.papers.r2et.conftest import made_stack

F64 = torch.float64


@pytest.fixture
def explained(random):
    stack = made_stack(models=1, classes=3, beta=2.0)
    x = torch.randn(1, 4, 6, generator=random, dtype=F64)
    return stack, x, stack.predict(x)


def probabilities(stack):
    return lambda x: stack.probabilities(x[None])[0]


def test_the_gradient_is_captums(explained):
    attributed = pytest.importorskip("captum.attr")
    stack, x, classes = explained
    found = attributed.Saliency(probabilities(stack)).attribute(x[0], target=classes[0], abs=False)
    assert torch.allclose(saliency(stack.probability_of(classes), x)[0], found)


def test_integrated_gradients_are_captums(explained):
    attributed = pytest.importorskip("captum.attr")
    stack, x, classes = explained
    baseline = torch.full((1, 6), 0.2, dtype=F64)
    found = attributed.IntegratedGradients(probabilities(stack)).attribute(
        x[0], baselines=baseline.expand(4, -1), target=classes[0], n_steps=40, method="riemann_middle"
    )
    ours = integrated_gradients(stack.probability_of(classes), x, baseline, 40)
    assert torch.allclose(ours[0], found, atol=1e-9)


def test_integrated_gradients_sum_to_the_change_of_the_score(explained):
    stack, x, classes = explained
    baseline = torch.zeros(1, 6, dtype=F64)
    score = stack.probability_of(classes)
    found = integrated_gradients(score, x, baseline, 400).sum(-1)
    assert torch.allclose(found, score(x) - score(baseline.unsqueeze(1).expand_as(x)), atol=1e-4)


def test_smoothgrad_is_the_mean_over_the_noise(explained, random):
    attributed = pytest.importorskip("captum.attr")
    stack, x, classes = explained
    noise = 0.1 * torch.randn(1, 25, 6, generator=random, dtype=F64)
    ours = smooth_gradient(stack.probability_of(classes), x, noise)
    single = attributed.Saliency(probabilities(stack))
    for sample in range(4):
        points = x[0, sample] + noise[0]
        found = single.attribute(points, target=classes[0, sample].expand(25), abs=False).mean(0)
        assert torch.allclose(ours[0, sample], found)


def test_without_noise_smoothgrad_is_the_gradient(explained):
    stack, x, classes = explained
    score = stack.probability_of(classes)
    assert torch.allclose(smooth_gradient(score, x, torch.zeros(1, 3, 6, dtype=F64)), saliency(score, x))
