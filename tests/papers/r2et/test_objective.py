"""The R2ET objective against the plain loop over samples, and its limits."""

import pytest
import torch
from torch.nn import functional

from tenfold.papers.r2et.curvature import frobenius, hessian, largest_eigenvalue
from tenfold.papers.r2et.objective import Gaps, hessian_losses, plain_losses, r2et_losses
from tests.papers.r2et.conftest import made_stack

F64 = torch.float64
DELTA = 1e-2


def batch(random, models=2):
    x = torch.randn(models, 5, 6, generator=random, dtype=F64)
    return x, torch.randint(2, (models, 5), generator=random)


def one_model(stack, model):
    """The same network by hand, from weights that carry a gradient."""
    weights = [stack.parameters[f"weight{layer}"][model] for layer in range(3)]
    biases = [stack.parameters[f"bias{layer}"][model] for layer in range(3)]

    def logits(x):
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            x = x @ weight + bias
            if layer < 2:
                x = x.relu()
        return x

    return logits


def saliency_by_hand(logits, x, label):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(logits(x).softmax(-1)[label], x, create_graph=True)[0]


def objective_by_hand(stack, x, labels, k, pairs, lambda_1, lambda_2):
    """Sample after sample, pair after pair."""
    totals = []
    for model in range(len(x)):
        logits, terms = one_model(stack, model), []
        for sample, label in zip(x[model], labels[model], strict=True):
            loss = functional.cross_entropy(logits(sample)[None], label[None])
            chosen = logits(sample).argmax()
            gradient = saliency_by_hand(logits, sample, chosen)
            order = gradient.abs().argsort(descending=True)
            listed = {
                "all": [(i, j) for i in range(k) for j in range(k, 6)],
                "worst": [(k - 1, k)],
                "anchors": [(i, k - 1) for i in range(k - 1)] + [(k - 1, k - 1 + i) for i in range(1, k + 1)],
            }[pairs]
            gap = torch.stack([gradient.abs()[order[i]] - gradient.abs()[order[j]] for i, j in listed]).mean()
            z = gradient.detach().sign() / gradient.detach().sign().norm()
            change = (saliency_by_hand(logits, sample + DELTA * z, chosen) - gradient) / DELTA
            terms.append(loss - lambda_1 * gap + lambda_2 * change.norm())
        totals.append(torch.stack(terms).mean())
    return torch.stack(totals)


@pytest.mark.parametrize(
    ("pairs", "lambda_1", "lambda_2"), [("all", 0.3, 0.1), ("worst", 0.5, 0.0), ("anchors", 0.0, 0.2)]
)
def test_value_and_gradient_are_those_of_the_plain_loop(random, pairs, lambda_1, lambda_2):
    stack = made_stack()
    x, labels = batch(random)
    weights = [torch.full((2,), value, dtype=F64) for value in (lambda_1, lambda_2)]
    found = r2et_losses(stack, x, labels, Gaps(2, pairs), *weights, DELTA).total
    expected = objective_by_hand(stack, x, labels, 2, pairs, lambda_1, lambda_2)
    assert torch.allclose(found, expected)
    parameters = list(stack.parameters.values())
    for ours, theirs in zip(
        torch.autograd.grad(found.sum(), parameters, allow_unused=True, materialize_grads=True),
        torch.autograd.grad(expected.sum(), parameters, allow_unused=True, materialize_grads=True),
        strict=True,
    ):
        assert torch.allclose(ours, theirs, atol=1e-9)


def test_without_weights_it_is_the_loss_of_vanilla(random):
    stack = made_stack()
    x, labels = batch(random)
    zero = torch.zeros(2, dtype=F64)
    found = r2et_losses(stack, x, labels, Gaps(2), zero, zero, DELTA).total
    assert torch.equal(found, plain_losses(stack, x, labels).total)
    expected = torch.stack([functional.cross_entropy(stack.logits(x)[m], labels[m]) for m in range(2)])
    assert torch.allclose(found, expected)


def test_every_model_has_its_own_weights(random):
    stack = made_stack()
    x, labels = batch(random)
    x, labels = x[:1].expand(2, -1, -1), labels[:1].expand(2, -1)
    twin = {name: value[:1].expand(2, *value.shape[1:]) for name, value in stack.parameters.items()}
    stack = type(stack)(stack.network, twin)
    found = r2et_losses(stack, x, labels, Gaps(2), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0]), DELTA)
    assert found.total[0].item() == pytest.approx(found.classification[0].item())
    assert (found.total[1] - found.classification[1]).item() == pytest.approx(-found.gap[1].item())


def test_adaptive_weights_make_every_penalty_weigh_the_same(random):
    stack = made_stack()
    x, labels = batch(random)
    w, zero = torch.full((2,), 0.1, dtype=F64), torch.zeros(2, dtype=F64)
    found = r2et_losses(stack, x, labels, Gaps(2), zero, w, DELTA, adaptive=True)
    assert torch.allclose(found.total - found.classification, 0.1 * (found.classification + 1))


def test_permuting_the_features_leaves_the_objective_alone(random):
    stack = made_stack()
    x, labels = batch(random)
    order = torch.randperm(6, generator=random)
    permuted = type(stack)(stack.network, {**stack.parameters, "weight0": stack.parameters["weight0"][:, order]})
    weights = torch.full((2,), 0.3, dtype=F64)
    for pairs in ("all", "anchors", "worst"):
        one = r2et_losses(stack, x, labels, Gaps(2, pairs), weights, weights, DELTA).total
        other = r2et_losses(permuted, x[..., order], labels, Gaps(2, pairs), weights, weights, DELTA).total
        assert torch.allclose(one, other)


@pytest.mark.parametrize("eigenvalue", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_hessian_penalties_are_those_of_the_full_hessian(random, eigenvalue, classes):
    stack = made_stack(classes=classes)
    x, labels = batch(random)
    weight = torch.full((2,), 0.5, dtype=F64)
    found = hessian_losses(stack, x, labels, weight, eigenvalue=eigenvalue)
    matrices = hessian(stack.probability_of(stack.predict(x)), x)
    norms = (largest_eigenvalue(matrices) if eigenvalue else frobenius(matrices)).mean(-1)
    assert torch.allclose(found.total, found.classification + 0.5 * norms)
    assert all(
        torch.isfinite(part).all() for part in torch.autograd.grad(found.total.sum(), list(stack.parameters.values()))
    )


def test_for_two_classes_exact_h_and_ssr_are_the_same(random):
    stack = made_stack()
    x, labels = batch(random)
    weight = torch.ones(2, dtype=F64)
    one, other = (hessian_losses(stack, x, labels, weight, eigenvalue=flag).total for flag in (False, True))
    assert torch.allclose(one, other)
