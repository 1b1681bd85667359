import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.papers.dmf_spe import initial, model, oracle
from tenfold.papers.dmf_spe.optimisers import GradientDescent, RMSProp

DTYPE = torch.float64


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=DTYPE, generator=torch.Generator().manual_seed(seed))


def batch(depth, size=5, runs=3, seed=0):
    factors = [0.5 * random(runs, size, size, seed=seed + i) for i in range(depth)]
    return factors, random(runs, size, size, seed=seed + 40), 0.01 * torch.arange(1, runs + 1, dtype=DTYPE)


def plain_steps(factors, target, rates, steps, mask=None):
    """The update written down as it is, one run after the other."""
    result = [factor.clone() for factor in factors]
    for run in range(target.shape[0]):
        own = [factor[run] for factor in result]
        for _ in range(steps):
            product = own[0]
            for factor in own[1:]:
                product = factor @ product
            residual = product - target[run]
            if mask is not None:
                residual = residual * mask[run]
            gradients = []
            for level in range(len(own)):
                above, below = torch.eye(target.shape[1], dtype=DTYPE), torch.eye(target.shape[2], dtype=DTYPE)
                for factor in own[level + 1 :]:
                    above = factor @ above
                for factor in own[:level]:
                    below = factor @ below
                gradients.append(above.mT @ residual @ below.mT)
            own = [factor - rates[run] * gradient for factor, gradient in zip(own, gradients, strict=True)]
        for stored, factor in zip(result, own, strict=True):
            stored[run] = factor
    return result


@settings(max_examples=15, deadline=None)
@given(depth=st.integers(1, 4), seed=st.integers(0, 500), masked=st.booleans())
def test_batched_descent_equals_the_update_written_down(depth, seed, masked):
    factors, target, rates = batch(depth, seed=seed)
    mask = random(*target.shape, seed=seed + 1) > 0 if masked else None
    expected = plain_steps(factors, target, rates, 4, mask)
    optimiser = GradientDescent([factor.clone() for factor in factors], target, rates, mask)
    optimiser.advance(4)
    for mine, theirs in zip(optimiser.factors, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_rmsprop_equals_the_one_of_pytorch(depth):
    factors, target, _ = batch(depth, runs=1)
    mine = RMSProp(
        [factor.clone() for factor in factors], target, torch.tensor([1e-2], dtype=DTYPE), decay=0.99, epsilon=1e-8
    )
    mine.advance(50)
    theirs = [factor.clone().requires_grad_() for factor in factors]
    reference = torch.optim.RMSprop(theirs, lr=1e-2, alpha=0.99, eps=1e-8)
    for _ in range(50):
        reference.zero_grad()
        model.loss(theirs, target).sum().backward()
        reference.step()
    for a, b in zip(mine.factors, theirs, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-9, atol=1e-9)


def test_rmsprop_sees_only_the_observed_entries():
    factors, target, rates = batch(2)
    mask = random(*target.shape, seed=9) > 0
    changed = torch.where(mask, target, target + 100)
    runs = [
        RMSProp([factor.clone() for factor in factors], goal, rates, mask, decay=0.99, epsilon=1e-8)
        for goal in (target, changed)
    ]
    for run in runs:
        run.advance(10)
    assert all(torch.equal(a, b) for a, b in zip(runs[0].factors, runs[1].factors, strict=True))


@pytest.mark.parametrize("kind", ["gd", "rmsprop"])
def test_leaving_the_batch_does_not_disturb_the_others(kind):
    def make():
        factors, target, rates = batch(3, runs=4)
        if kind == "gd":
            return GradientDescent(factors, target, rates)
        return RMSProp(factors, target, rates, decay=0.99, epsilon=1e-8)

    whole, part = make(), make()
    whole.advance(10)
    part.advance(5)
    part = part.kept(torch.tensor([0, 3]))
    part.advance(5)
    for a, b in zip(whole.factors, part.factors, strict=True):
        torch.testing.assert_close(a[[0, 3]], b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("depth", "scale"), [(1, 0.01), (2, 1e-2), (3, 0.1), (4, 0.2)])
def test_aligned_descent_follows_the_scalar_recursion(depth, scale):
    sigma, rate = [4.0, 2.0, 1.0], 0.01
    left, right = (torch.linalg.qr(random(7, 7, seed=s)).Q for s in (1, 2))
    target = (left[:, :3] * torch.tensor(sigma, dtype=DTYPE)) @ right[:, :3].mT
    factors = [factor.unsqueeze(0) for factor in initial.aligned(left, right, depth, scale)]
    optimiser = GradientDescent(factors, target.unsqueeze(0), torch.tensor([rate], dtype=DTYPE))
    steps = list(range(0, 1001, 50))
    measured = []
    for _ in steps:
        measured.append(torch.linalg.svdvals(model.product(optimiser.factors)[0])[:3].numpy())
        optimiser.advance(50)
    expected = oracle.recursion(np.full(3, scale), np.array(sigma), rate, depth, steps)
    assert np.abs(np.array(measured) - np.sort(expected)[:, ::-1]).max() < 1e-10


def test_a_zero_singular_value_decays_only_algebraically():
    identity = 0.1 * torch.eye(4, dtype=DTYPE).unsqueeze(0)
    target = torch.diag(torch.tensor([3.0, 2, 1, 0], dtype=DTYPE)).unsqueeze(0)
    optimiser = GradientDescent([identity.clone(), identity.clone()], target, torch.tensor([0.01], dtype=DTYPE))
    optimiser.advance(3000)
    assert float(torch.linalg.svdvals(model.product(optimiser.factors))[0, 3]) == pytest.approx(0.00624972, abs=1e-8)


@pytest.mark.parametrize("depth", [2, 3])
def test_the_stability_limit_separates_convergence_from_oscillation(depth):
    left, right = (torch.linalg.qr(random(5, 5, seed=s)).Q for s in (1, 2))
    target = ((left[:, :2] * torch.tensor([3.0, 1.0], dtype=DTYPE)) @ right[:, :2].mT).expand(2, 5, 5)
    limit = oracle.critical_rate(3.0, depth)
    factors = [factor.expand(2, 5, 5).clone() for factor in initial.gaussian(random(depth, 5, 5, seed=3), 0.3)]
    optimiser = GradientDescent(factors, target, torch.tensor([0.99 * limit, 1.05 * limit], dtype=DTYPE))
    optimiser.advance(6000)
    below, above = model.loss(optimiser.factors, target).tolist()
    assert below < 1e-6
    assert not above < 1e-2


@settings(max_examples=10, deadline=None)
@given(depth=st.integers(2, 4), seed=st.integers(0, 300))
def test_the_loss_never_rises_for_a_small_learning_rate(depth, seed):
    factors, target, _ = batch(depth, runs=1, seed=seed)
    optimiser = GradientDescent(factors, target, torch.tensor([1e-3], dtype=DTYPE))
    losses = []
    for _ in range(100):
        losses.append(float(model.loss(optimiser.factors, target)))
        optimiser.advance(1)
    assert (np.diff(losses) <= 1e-12).all()


def test_the_imbalance_drifts_in_proportion_to_the_learning_rate():
    factors = [0.3 * random(1, 6, 6, seed=i) for i in range(3)]
    target = random(1, 6, 6, seed=9)
    drifts = []
    for rate, steps in ((1e-3, 400), (5e-4, 800)):
        optimiser = GradientDescent([f.clone() for f in factors], target, torch.tensor([rate], dtype=DTYPE))
        before = optimiser.factors[1].mT @ optimiser.factors[1] - optimiser.factors[0] @ optimiser.factors[0].mT
        optimiser.advance(steps)
        after = optimiser.factors[1].mT @ optimiser.factors[1] - optimiser.factors[0] @ optimiser.factors[0].mT
        drifts.append(float(torch.linalg.matrix_norm(after - before)))
    assert drifts[0] < 0.1
    assert drifts[0] / drifts[1] == pytest.approx(2, rel=0.1)
