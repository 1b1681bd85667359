"""Derivatives against closed forms and PyTorch's own Hessian."""

import pytest
import torch

from tenfold.papers.r2et.curvature import (
    curvature_estimate,
    frobenius,
    hessian,
    largest_eigenvalue,
    piecewise_linear_hessian,
)
from tenfold.papers.r2et.objective import predicted_saliency
from tenfold.papers.r2et.saliency import importance, saliency
from tests.papers.r2et.conftest import made_stack

F64 = torch.float64


def test_saliency_and_hessian_of_the_linear_logit(linear_logit):
    points = torch.tensor([[0.0, 0, 0], [1.0, 0, 0]], dtype=F64)
    expected = torch.tensor([[0.75, -0.5, 0.25], [0.13552998, -0.09035332, 0.04517666]], dtype=F64)
    assert torch.allclose(linear_logit(points), torch.tensor([0.5, 0.95257413], dtype=F64), atol=1e-8)
    assert torch.allclose(saliency(linear_logit, points), expected, atol=1e-8)
    matrices = hessian(linear_logit, points)
    assert torch.allclose(frobenius(matrices), torch.tensor([0.0, 0.57248205], dtype=F64), atol=1e-8)
    assert torch.allclose(largest_eigenvalue(matrices), frobenius(matrices), atol=1e-12)  # rank one


def test_the_order_of_the_linear_logit_is_the_same_everywhere(linear_logit, random):
    sizes = importance(saliency(linear_logit, torch.randn(50, 3, generator=random, dtype=F64)), 1)
    assert (sizes[:, 0] > sizes[:, 1]).all()
    assert (sizes[:, 1] > sizes[:, 2]).all()


def test_quadratic(quadratic):
    x = torch.tensor([1.0, 0.5], dtype=F64)
    assert torch.allclose(saliency(quadratic, x), torch.tensor([2.25, 1.6], dtype=F64))
    assert torch.allclose(hessian(quadratic, x), quadratic.matrix)


@pytest.mark.parametrize("delta", [1e-3, 1e-2, 1.0])
def test_the_finite_difference_of_a_quadratic_is_exact_for_any_step(quadratic, delta):
    x = torch.tensor([1.0, 0.5], dtype=F64)
    estimate = curvature_estimate(quadratic, x, delta, 1)
    assert estimate.item() == pytest.approx(2.06155281, abs=1e-7)
    assert estimate <= largest_eigenvalue(quadratic.matrix)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("beta", [None, 5.0])
def test_the_hessian_is_that_of_pytorch(random, classes, beta):
    stack = made_stack(models=1, classes=classes, beta=beta)
    x = torch.randn(1, 3, 6, generator=random, dtype=F64)
    chosen = stack.predict(x)
    found = hessian(stack.probability_of(chosen), x)
    for sample in range(3):
        expected = torch.autograd.functional.hessian(
            lambda one, s=sample: stack.probabilities(one[None, None])[0, 0, chosen[0, s]], x[0, sample]
        )
        assert torch.allclose(found[0, sample], expected, atol=1e-10)
        assert largest_eigenvalue(found[0, sample]) <= frobenius(found[0, sample]) + 1e-12
    if beta is None:
        assert torch.allclose(piecewise_linear_hessian(stack, x, chosen)[1], found, atol=1e-10)
    else:
        with pytest.raises(ValueError, match="linear in pieces"):
            piecewise_linear_hessian(stack, x, chosen)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_saliency_of_training_is_that_of_the_predicted_class(random, classes):
    stack = made_stack(models=3, classes=classes)
    x = torch.randn(3, 4, 6, generator=random, dtype=F64)
    logits, predicted, gradients = predicted_saliency(stack, x)
    assert torch.equal(predicted, stack.predict(x))
    assert torch.allclose(logits, stack.logits(x))
    assert torch.allclose(gradients, saliency(stack.probability_of(predicted), x))


def test_models_of_a_stack_do_not_touch_each_other(random):
    stack = made_stack(models=3)
    x = torch.randn(3, 4, 6, generator=random, dtype=F64)
    alone = [stack.select(torch.tensor([model])).logits(x[model : model + 1])[0] for model in range(3)]
    assert torch.allclose(stack.logits(x), torch.stack(alone))


def test_permuting_the_features_permutes_the_saliency(random):
    stack = made_stack(models=1)
    x = torch.randn(1, 5, 6, generator=random, dtype=F64)
    order = torch.randperm(6, generator=random)
    parameters = {**stack.parameters, "weight0": stack.parameters["weight0"][:, order]}
    permuted = type(stack)(stack.network, parameters)
    chosen = stack.predict(x)
    found = saliency(permuted.probability_of(chosen), x[..., order])
    assert torch.allclose(found, saliency(stack.probability_of(chosen), x)[..., order])


def test_steep_softplus_has_the_saliency_of_relu(random):
    stack = made_stack(models=1)
    x = torch.randn(1, 200, 6, generator=random, dtype=F64)
    chosen = stack.predict(x)
    exact = saliency(stack.probability_of(chosen), x)
    smooth = saliency(stack.softened(1000.0).probability_of(chosen), x)
    hidden = torch.baddbmm(stack.parameters["bias0"][:, None], x, stack.parameters["weight0"])
    deeper = torch.baddbmm(stack.parameters["bias1"][:, None], hidden.relu(), stack.parameters["weight1"])
    away = (hidden.abs().amin(-1) > 0.02) & (deeper.abs().amin(-1) > 0.02)
    assert away.sum() > 20
    assert (exact - smooth)[away].abs().max() < 1e-3


def test_a_pixel_counts_all_its_channels():
    gradients = torch.tensor([[[1.0, -2.0]], [[3.0, 0.5]]])  # (C, H, W) = (2, 1, 2)
    assert importance(gradients, 3).tolist() == [4.0, 2.5]
