"""The contrastive loss and uncertainty weighting against worked values and plain formulas."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, normalize

from tenfold.papers.meaformer.losses import UncertaintyWeighting, contrastive_losses

FIRST = [[1.0, 0.0], [0.6, 0.8]]
SECOND = [[0.8, 0.6], [0.0, 1.0]]


def plain(first, second, tau, left=None, right=None):
    """Cross entropies of concatenated logits, as one would write them down."""
    size = len(first)
    found = []
    for own, other, beside in ((first, second, left), (second, first, right)):
        within = (own @ own.T).masked_fill(torch.eye(size, dtype=torch.bool), -torch.inf)
        logits = [own @ other.T, within] + ([own @ beside.T] if beside is not None else [])
        found.append(cross_entropy(torch.cat(logits, 1) / tau, torch.arange(size), reduction="none"))
    return (found[0] + found[1]) / 2


@pytest.mark.parametrize(("tau", "expected"), [(1.0, 0.9574737647), (0.1, 0.9668017297)])
def test_the_worked_loss(tau, expected):
    found = contrastive_losses(torch.tensor(FIRST), torch.tensor(SECOND), tau).mean()
    assert found.item() == pytest.approx(expected, abs=1e-9)


def test_equal_orthonormal_pairs():
    basis = torch.eye(2)
    assert contrastive_losses(basis, basis, 1.0).mean().item() == pytest.approx(math.log(1 + 2 / math.e), abs=1e-10)


@pytest.mark.parametrize("tau", [0.05, 0.1, 1.0])
@pytest.mark.parametrize("size", [1, 3, 10])
def test_collapsed_embeddings_lose_log_of_all_candidates(size, tau):
    same = torch.tensor([0.6, 0.8]).expand(size, -1)
    assert contrastive_losses(same, same, tau).mean().item() == pytest.approx(math.log(2 * size - 1), abs=1e-9)


@given(st.integers(1, 7), st.integers(0, 4), st.floats(0.05, 2), st.integers(0, 1000))
def test_it_is_the_mean_of_two_cross_entropies(size, more, tau, seed):
    generator = torch.Generator().manual_seed(seed)
    parts = [
        normalize(torch.randn(n, 4, generator=generator, dtype=torch.float64)) for n in (size, size, more, more + 1)
    ]
    first, second, left, right = parts
    assert torch.allclose(contrastive_losses(first, second, tau), plain(first, second, tau))
    assert torch.allclose(contrastive_losses(first, second, tau, left, right), plain(first, second, tau, left, right))


def test_its_gradient_is_numerically_right():
    parts = [normalize(torch.randn(n, 3)).requires_grad_() for n in (4, 4, 2, 3)]
    assert torch.autograd.gradcheck(lambda *x: contrastive_losses(x[0], x[1], 0.3, x[2], x[3]), parts)


def test_single_precision_carries_the_extremes():
    """Opposite partners at the smallest temperature: no overflow, no logarithm of zero."""
    first = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float32, requires_grad=True)
    losses = contrastive_losses(first, -first.detach(), 0.025)
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert torch.isfinite(first.grad).all()
    with pytest.raises(ValueError, match="temperature"):
        contrastive_losses(first, first, 0.001)


def test_uncertainty_weighting():
    weighting = UncertaintyWeighting(2)
    assert weighting(torch.tensor([1.0, 3.0])).item() == 4
    with torch.no_grad():
        weighting.log_variance.copy_(torch.tensor([0.0, math.log(2)]))
    assert weighting(torch.tensor([1.0, 3.0])).item() == pytest.approx(1 + 1.5 + math.log(2), abs=1e-10)


@pytest.mark.parametrize("loss", [0.3, 1.0, 4.0])
def test_the_best_variance_is_the_loss_itself(loss):
    weighting = UncertaintyWeighting(1)
    with torch.no_grad():
        weighting.log_variance.fill_(math.log(loss))
    value = weighting(torch.tensor([loss]))
    assert value.item() == pytest.approx(1 + math.log(loss), abs=1e-10)
    assert torch.autograd.grad(value, weighting.log_variance)[0].item() == pytest.approx(0, abs=1e-12)
