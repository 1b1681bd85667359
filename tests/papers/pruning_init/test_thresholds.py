"""Closed forms and the predictor, against the card's values, simulation and plain loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tenfold.papers.pruning_init.theory import thresholds
from tenfold.papers.pruning_init.theory.masks import mask_of
from tenfold.papers.pruning_init.theory.predictor import forecast


@pytest.mark.parametrize(
    ("keep", "filters", "classes", "one", "every", "some"),
    [
        (0.01, 150, 2, 0.2214517872, 0.0490408941, 0.3938626804),
        (0.02, 100, 4, 0.1326195559, 0.0003093358, 1 - 0.8673804441**4),
    ],
)
def test_coverage_probabilities_have_the_hand_worked_values(keep, filters, classes, one, every, some):
    assert thresholds.uncovered_probability(keep, filters) == pytest.approx(one, abs=1e-10)
    assert thresholds.all_uncovered_probability(keep, filters, classes) == pytest.approx(every, abs=1e-10)
    assert thresholds.any_uncovered_probability(keep, filters, classes) == pytest.approx(some, abs=1e-10)


def test_the_effective_form_predicts_the_shares_of_the_card():
    """48 % of runs lose a class at keep .05, 84 % at .02, with 50 filters and two classes."""
    for keep, share in ((0.05, 0.48), (0.02, 0.84)):
        lost = thresholds.ineffective_probability(keep, 50)
        assert 1 - (1 - lost) ** 2 == pytest.approx(share, abs=0.005)


def test_lost_classes_of_drawn_masks_are_as_frequent_as_computed():
    generator = torch.Generator().manual_seed(0)
    keep, filters, classes, draws = 0.03, 30, 2, 4000
    initial = torch.randn(draws * classes, filters, 1, generator=generator)
    mask = mask_of("random", keep, initial, torch.rand(initial.shape, generator=generator), torch.tensor([True]))
    uncovered = (~mask.any(1)).double().mean().item()
    ineffective = (~(mask & (initial > 0)).any(1)).double().mean().item()
    for found, expected in (
        (uncovered, thresholds.uncovered_probability(keep, filters)),
        (ineffective, thresholds.ineffective_probability(keep, filters)),
    ):
        assert abs(found - expected) < 4 * math.sqrt(expected * (1 - expected) / (draws * classes))


@pytest.mark.parametrize(("noise", "keep"), [(0.1, 1.16), (0.2, 0.29), (0.4, 0.07), (0.8, 0.02)])
def test_upper_threshold_has_the_values_of_the_card(noise, keep):
    assert thresholds.upper_keep(10, 1.0, noise, 400, 3) == pytest.approx(keep, abs=0.005)


def test_upper_threshold_needs_blow_up():
    with pytest.raises(ValueError, match="no such threshold"):
        thresholds.upper_keep(10, 1.0, 0.2, 400, 2)


@given(st.integers(1, 500), st.floats(0.01, 0.99))
def test_lower_threshold_inverts_the_probability(filters, probability):
    keep = thresholds.lower_keep(filters, probability)
    assert thresholds.ineffective_probability(keep, filters) == pytest.approx(probability, rel=1e-6)


def small_problem(power=3):
    generator = torch.Generator().manual_seed(5)
    pairs, classes, filters, examples, dimension = 2, 2, 3, 5, 12
    patches = torch.randn(pairs, classes + examples, dimension, generator=generator, dtype=torch.float64)
    masks = torch.rand(pairs, classes, filters, dimension, generator=generator) < 0.5
    weights = torch.randn(pairs, classes, filters, dimension, generator=generator, dtype=torch.float64) * masks
    amplitudes = torch.tensor([[1.0] * classes + [sd] * examples for sd in (0.2, 0.7)], dtype=torch.float64)
    labels = torch.randint(classes, (pairs, examples), generator=generator)
    rates = torch.tensor([[0.1, 0.2], [0.3, 0.4]], dtype=torch.float64)
    z = torch.einsum("pkmd,pnd->pkmn", weights, patches).unsqueeze(3) * amplitudes
    norms = torch.einsum("pkmd,pnd->pkmn", masks.double(), patches**2)
    return z, norms, labels, amplitudes, rates, patches, masks, weights, power


def test_forecast_is_that_of_the_formulas_written_out():
    z, norms, labels, amplitudes, rates, patches, masks, weights, power = small_problem()
    found = forecast(z, norms, labels, amplitudes, rates, power)
    pairs, classes, filters, levels, _ = z.shape
    examples = labels.shape[1]
    for p in range(pairs):
        for level in range(levels):
            speed = 3 * rates[p, level].item() * (1 - 1 / classes) / examples
            signal, covered = [], 0
            for k in range(classes):
                mu = patches[p, k] * amplitudes[level, k]
                count = int((labels[p] == k).sum())
                times = [
                    1 / (speed * count * ((masks[p, k, r] * mu) ** 2).sum() * (weights[p, k, r] @ mu))
                    for r in range(filters)
                    if weights[p, k, r] @ mu > 0
                ]
                covered += bool(times)
                signal.append(min(times, default=math.inf))
            noise = []
            for i in range(examples):
                xi, k = patches[p, classes + i] * amplitudes[level, classes + i], labels[p, i]
                times = [
                    1 / (speed * ((masks[p, k, r] * xi) ** 2).sum() * (weights[p, k, r] @ xi))
                    for r in range(filters)
                    if weights[p, k, r] @ xi > 0
                ]
                noise.append(min(times, default=math.inf))
            assert found.signal[p, level].item() == pytest.approx(float(max(signal)), rel=1e-9)
            assert found.noise[p, level].item() == pytest.approx(float(sorted(noise)[2]), rel=1e-9)
            assert found.covered[p, level].item() == pytest.approx(covered / classes)
            assert found.ratio[p, level].item() == pytest.approx(float(max(signal)) / float(sorted(noise)[2]), rel=1e-9)


@pytest.mark.parametrize("power", [3, 4])
def test_blow_up_time_is_that_of_the_differential_equation(power):
    """One class with one filter and one example: da/dt = rate q (1 - 1/K) a^(q-1) mu^2 runs away at the forecast."""
    z = torch.tensor([0.3, 0.2, 0.2, 0.1], dtype=torch.float64).view(1, 2, 1, 1, 2)
    norms = torch.ones(1, 2, 1, 2, dtype=torch.float64)
    z = torch.cat([z, torch.full((1, 2, 1, 1, 1), 0.1, dtype=torch.float64)], dim=-1)
    norms = torch.cat([norms, norms[..., :1]], dim=-1)
    amplitudes, rates = torch.tensor([[1.0, 1.0, 0.5]], dtype=torch.float64), torch.tensor([[0.2]], dtype=torch.float64)
    found = forecast(z, norms, torch.tensor([[0]]), amplitudes, rates, power)
    speed = 0.2 * power * 0.5 * 0.5**2  # of the only example's noise

    def large(_, b):
        return b[0] - 1e3

    large.terminal = True
    path = solve_ivp(lambda _, b: speed * b ** (power - 1), (0, 1e6), [0.1], events=large, rtol=1e-9, atol=1e-12)
    assert found.noise.item() == pytest.approx(path.t_events[0][0], rel=1e-3)
    assert found.signal.item() == np.inf  # the other class has no example


def test_without_blow_up_there_is_no_ratio():
    z, norms, labels, amplitudes, rates, *_ = small_problem()
    assert forecast(z, norms, labels, amplitudes, rates, 2).ratio.isnan().all()
