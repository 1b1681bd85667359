"""The batched engine against gradient descent written down for one cell."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.pruning_init.prepare import signal_and_noise
from tenfold.papers.pruning_init.settings import TheoryData, TheoryTraining
from tenfold.papers.pruning_init.theory import fresh
from tenfold.papers.pruning_init.theory.grid import Batch, Examples, batches, coefficients, recorded_steps
from tenfold.papers.pruning_init.theory.masks import mask_of
from tests.papers.pruning_init import plain

CPU = torch.device("cpu")
KEEPS = [1.0, 0.5, 0.1, 0.03]
SEEDS = (3, 4)


def settings(**changed):
    base = {
        "power": 3, "filters": 6, "init_sd": 0.1, "noise_levels": [0.1, 0.4, 0.9], "learning_rate": 0.1,
        "max_steps": 150, "stop_loss": 0.3,
    }  # fmt: skip
    return TheoryTraining(**{**base, **changed})


class Problem:
    """Data, initial weights and uniform numbers of two small seeds."""

    def __init__(self, options, **data):
        self.settings = options
        self.arrays = signal_and_noise(
            TheoryData(**{"dimension": 40, "examples": 9, "test_noises": 50, **data}), SEEDS
        ).arrays
        self.examples = Examples.of(self.arrays, SEEDS, CPU)
        classes, dimension = self.arrays["signals"].shape
        generator = torch.Generator().manual_seed(0)
        shape = (len(SEEDS), classes, options.filters, dimension)
        self.initial = torch.randn(shape, generator=generator, dtype=torch.float64) * options.init_sd
        self.uniform = torch.rand(shape, generator=generator, dtype=torch.float64)
        self.pairs = [(row, keep) for keep in KEEPS for row in range(len(SEEDS))]

    def mask(self, rule, row, keep):
        coordinates = (self.examples.signals != 0).any(0)
        return mask_of(rule, keep, self.initial[row], self.uniform[row], coordinates)

    def trained(self, rule="random"):
        batch = Batch(self.settings, rule, self.examples, self.pairs, self.initial, self.uniform)
        for moment in range(1, len(batch.steps_at)):
            batch.advance(moment)
            if batch.finished:
                break
        return batch

    def plain_cell(self, rule, row, keep, noise):
        labels = self.arrays["labels"][row]
        rate = self.settings.learning_rate
        if self.settings.step_rule == "by noise":
            rate /= 1 + noise**2 * self.arrays["noise"].shape[2] * keep
        return plain.train_cell(
            self.initial[row].numpy(), self.mask(rule, row, keep).numpy(),
            self.settings.signal * self.arrays["signals"][labels], noise * self.arrays["noise"][row].astype(float),
            labels, power=self.settings.power, rate=rate, max_steps=self.settings.max_steps,
            stop_loss=self.settings.stop_loss,
        )  # fmt: skip


@pytest.mark.parametrize("space", ["span", "weights"])
@pytest.mark.parametrize(
    ("rule", "changed", "data"),
    [
        ("random", {}, {}),
        ("random", {"step_rule": "by noise"}, {"classes": 3, "noise_off_signal": True}),
        ("random", {"power": 1, "stop_loss": None, "max_steps": 40, "signal": 0.7}, {"layout": "sign"}),
        ("oracle", {"power": 2}, {}),
        ("narrow", {}, {"labels": "balanced"}),
        ("magnitude", {"power": 4, "init_sd": 0.3, "learning_rate": 0.02, "noise_levels": [0.1, 0.2]}, {}),
    ],
)
def test_every_cell_is_trained_as_by_the_plain_loop(space, rule, changed, data):
    problem = Problem(settings(space=space, **changed), **data)
    batch = problem.trained(rule)
    weights = batch.dynamics.weights(batch.state["position"]).numpy()  # (P, K, m, L, d)
    outcome = batch.outcome()
    errors = fresh.error_rate(outcome["predicted"])
    stopped_early = 0
    for pair, (row, keep) in enumerate(problem.pairs):
        for level, noise in enumerate(problem.settings.noise_levels):
            expected, steps, loss = problem.plain_cell(rule, row, keep, noise)
            np.testing.assert_allclose(weights[pair, :, :, level], expected, rtol=0, atol=1e-10)
            assert outcome["steps"][pair, level] == steps
            assert outcome["train-loss"][pair, level].item() == pytest.approx(loss, abs=1e-10)
            signals = problem.settings.signal * problem.arrays["signals"]
            noises = noise * problem.arrays["test_noise"][row].astype(float)
            assert errors[pair, level].item() == plain.error_of(expected, signals, noises, problem.settings.power)
            stopped_early += steps < problem.settings.max_steps
    if problem.settings.stop_loss is not None:
        assert stopped_early > 0  # the stop rule took part
        assert len(set(outcome["steps"].flatten().tolist())) > 3


def test_masked_coordinates_stay_exactly_zero():
    problem = Problem(settings())
    batch = problem.trained()
    weights = batch.dynamics.weights(batch.state["position"])
    for pair, (row, keep) in enumerate(problem.pairs):
        mask = problem.mask("random", row, keep)
        assert not weights[pair].permute(2, 0, 1, 3)[:, ~mask].any()
        assert weights[pair].permute(2, 0, 1, 3)[:, mask].all()


@pytest.mark.parametrize("rule", ["random", "narrow", "oracle", "magnitude"])
def test_keep_1_is_the_unmasked_network_bit_for_bit(rule):
    problem = Problem(settings(space="weights"))
    problem.pairs = [(0, 1.0), (1, 1.0)]
    masked = problem.trained(rule)
    unmasked = problem.trained(rule)
    unmasked.dynamics.masks = torch.tensor(True)
    assert problem.mask(rule, 0, 1.0).all()
    assert torch.equal(masked.state["position"], unmasked.state["position"])


def test_without_any_signal_coordinate_the_error_is_exactly_that_of_guessing():
    problem = Problem(settings(noise_levels=[0.9]), classes=3)
    problem.uniform[:] = 0.0
    problem.uniform[..., (problem.examples.signals != 0).any(0)] = 1.0  # never below any keep rate but 1
    problem.pairs = [(0, 0.5), (1, 0.1)]
    outcome = problem.trained().outcome()
    assert not outcome["covered"].any()
    assert outcome["ratio"].isinf().all()
    assert fresh.error_rate(outcome["predicted"]).flatten().tolist() == pytest.approx([2 / 3, 2 / 3], abs=1e-12)
    assert not outcome["cut-off"].any()  # and yet the examples are learned
    assert not outcome["signal-coefficient"].any()


def test_curves_start_at_the_initial_network_end_at_the_last_and_rest_with_their_cell():
    problem = Problem(settings(traced_noises=20))
    batch = problem.trained()
    outcome, curves = batch.outcome(), batch.curves()
    z = batch.dynamics.preactivations(batch.dynamics.start(3)) * batch.amplitudes[:, None, None]
    first = coefficients(z, batch.labels)
    for name, values in zip(("signal-coefficient", "noise-coefficient"), first, strict=True):
        torch.testing.assert_close(curves[name][..., 0], values)
    for name in ("train-loss", "signal-coefficient", "noise-coefficient"):
        torch.testing.assert_close(curves[name][..., -1], outcome[name])
    at = torch.tensor(batch.steps_at)
    for pair in range(len(problem.pairs)):
        for level in range(3):
            after = curves["train-loss"][pair, level, at >= outcome["steps"][pair, level]]
            assert torch.equal(after, after[-1:].expand_as(after))
    error = curves["test-error"][..., -1]
    expected = fresh.error_rate(outcome["predicted"][:, :, :20])
    torch.testing.assert_close(error, expected)


def test_coefficients_are_those_of_the_definition():
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(2, 3, 4, 2, 3 + 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (2, 5), generator=generator)
    signal, noise = coefficients(z, labels)
    for p in range(2):
        for level in range(2):
            gamma = [z[p, k, :, level, k].max().item() for k in range(3)]
            rho = [z[p, labels[p, i], :, level, 3 + i].max().item() for i in range(5)]
            assert signal[p, level].item() == pytest.approx(np.mean(gamma))
            assert noise[p, level].item() == pytest.approx(np.mean(rho))


@given(st.integers(1, 10_000), st.integers(1, 60))
def test_recorded_steps_rise_from_zero_to_the_last(last, per_decade):
    steps = recorded_steps(last, per_decade)
    assert steps[0] == 0
    assert steps[-1] == last
    assert all(after > before for before, after in itertools.pairwise(steps))


@given(st.integers(1, 200), st.floats(0.01, 100))
def test_batches_hold_every_pair_once(pairs, megabytes):
    found = batches(pairs, settings(batch_megabytes=megabytes), 40, 2, 9)
    assert [pair for batch in found for pair in batch] == list(range(pairs))


def test_the_split_into_batches_does_not_change_the_result():
    problem = Problem(settings())
    whole = problem.trained()
    problem.pairs = problem.pairs[:3]
    part = problem.trained()
    torch.testing.assert_close(part.state["position"], whole.state["position"][:3], rtol=0, atol=1e-12)
    assert torch.equal(part.state["steps"], whole.state["steps"][:3])
