"""Reference values of the card: divergences, the selection of e, nesting."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from tenfold.papers.dlh.models import selection
from tenfold.papers.dlh.models.gaussian import Gaussian, divergence, negative_log_likelihood


def double(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def gaussian(mean: float, deviation: float) -> Gaussian:
    return Gaussian(torch.tensor([mean], dtype=torch.float64), torch.tensor([deviation], dtype=torch.float64))


@pytest.mark.parametrize(
    ("q", "p", "value"),
    [((0, 1), (1, 1), 0.5), ((0, 1), (0, 2), 0.3181471806), ((1, 0.5), (0, 1), 0.8181471806), ((3, 2), (3, 2), 0.0)],
)
def test_divergence_of_one_dimension(q, p, value):
    assert float(divergence(gaussian(*q), gaussian(*p))) == pytest.approx(value, abs=1e-10)


def test_divergence_sums_over_dimensions_as_torch_has_it():
    q, p = (Gaussian(torch.randn(5, 4).double(), torch.rand(5, 4).double() + 0.1) for _ in range(2))
    expected = kl_divergence(Normal(*q), Normal(*p)).sum(-1)
    torch.testing.assert_close(divergence(q, p), expected)


def test_likelihood_is_that_of_independent_pixels():
    frame, mean = torch.rand(12).double(), torch.rand(12).double()
    expected = -Normal(mean, 0.3).log_prob(frame).sum()
    error = (frame - mean).square().sum()
    torch.testing.assert_close(negative_log_likelihood(error, 0.3, 12), expected)


def test_selection_takes_the_change_prior_that_is_nearer():
    q, static, change = gaussian(1.2, 0.5), gaussian(0, 1), gaussian(2, 1)
    stays, changes = divergence(q, static), divergence(q, change)
    assert float(stays) == pytest.approx(1.0381471806, abs=1e-10)
    assert float(changes) == pytest.approx(0.6381471806, abs=1e-10)
    assert selection.change_wins(changes, stays)
    assert not selection.change_wins(changes, stays, margin=0.5)


def test_a_tie_is_static():
    same = torch.tensor(0.7)
    assert not selection.change_wins(same, same)


@pytest.mark.parametrize(("prior", "logit", "chance"), [(0.5, 0.4, 0.5986876601), (0.3, None, 0.3900034157)])
def test_the_soft_assignment_weighs_the_prior(prior, logit, chance):
    change, static = double(0.6381471806), double(1.0381471806)
    found = selection.soft_logit(change, static, torch.logit(double(prior)))
    assert float(torch.sigmoid(found)) == pytest.approx(chance, abs=1e-9)
    if logit is not None:
        assert float(found) == pytest.approx(logit, abs=1e-9)


@pytest.mark.parametrize(("target", "value"), [(1.0, 0.2231435513), (0.0, 1.6094379124)])
def test_cross_entropy_of_a_certain_assignment(target, value):
    logit = torch.logit(double(0.8))
    assert float(selection.cross_entropy(torch.tensor(target), logit)) == pytest.approx(value, abs=1e-9)


def test_divergence_of_a_soft_assignment():
    q, p = (torch.logit(double(value)) for value in (0.6, 0.8))
    assert float(selection.bernoulli_divergence(q, p)) == pytest.approx(0.1046496, abs=1e-6)
    expected = kl_divergence(Bernoulli(logits=q), Bernoulli(logits=p))
    torch.testing.assert_close(selection.bernoulli_divergence(q, p), expected)


@pytest.mark.parametrize(
    ("proposed", "effective", "depth"), [((1, 0, 1, 1), (1, 0, 0, 0), 1), ((1, 1, 0, 1), (1, 1, 0, 0), 2)]
)
def test_nesting_stops_at_the_first_level_that_stays(proposed, effective, depth):
    found = selection.nested(torch.tensor(proposed, dtype=torch.bool))
    assert found.tolist() == [bool(value) for value in effective]
    assert float(selection.employed_depth(found[None])) == depth


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6))
def test_depth_lies_between_one_and_the_number_of_levels(proposed):
    found = selection.nested(torch.tensor(proposed))
    assert found[:, 0].all()
    assert 1 <= float(selection.employed_depth(found)) <= 4
    assert (found[:, 1:] <= found[:, :-1]).all()


@given(st.floats(-6, 6), st.floats(0.05, 20), st.floats(0.05, 20))
def test_the_soft_objective_is_the_free_energy_of_the_mixture(prior_logit, change, static):
    """q KL_1 + (1 - q) KL_0 + KL[q(e) || p(e)] at the best q is -log sum_e p(e) exp(-KL_e)."""
    prior, change, static = (double(v) for v in (prior_logit, change, static))
    q_logit = selection.soft_logit(change, static, prior)
    q = torch.sigmoid(q_logit)
    energy = q * change + (1 - q) * static + selection.bernoulli_divergence(q_logit, prior)
    p = torch.sigmoid(prior)
    assert float(energy) == pytest.approx(-math.log(p * math.exp(-change) + (1 - p) * math.exp(-static)), abs=1e-8)
