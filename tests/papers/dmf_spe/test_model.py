import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.papers.dmf_spe import hessian, model

DTYPE = torch.float64


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=DTYPE, generator=torch.Generator().manual_seed(seed))


def problem(depth, rows, columns, width, seed, masked=False):
    """Random factors, target and mask of a rectangular factorization with a batch of 2 runs."""
    sizes = [columns, *([width] * (depth - 1)), rows]
    factors = [random(2, sizes[i + 1], sizes[i], seed=seed + i) for i in range(depth)]
    mask = random(2, rows, columns, seed=seed + 90) > 0 if masked else None
    return factors, random(2, rows, columns, seed=seed + 50), mask


shapes = st.tuples(st.integers(1, 4), st.integers(2, 4), st.integers(2, 4), st.integers(2, 5))


@settings(max_examples=25, deadline=None)
@given(shape=shapes, seed=st.integers(0, 1000), masked=st.booleans())
def test_gradient_agrees_with_central_differences(shape, seed, masked):
    factors, target, mask = problem(*shape, seed, masked)
    gradient = model.gradient(factors, target, mask)
    direction = [random(*factor.shape, seed=seed + 7 + i) for i, factor in enumerate(factors)]
    step = 1e-6
    ends = [
        model.loss([factor + sign * step * d for factor, d in zip(factors, direction, strict=True)], target, mask)
        for sign in (1, -1)
    ]
    slope = sum((g * d).sum((-2, -1)) for g, d in zip(gradient, direction, strict=True))
    size = torch.stack([g.square().sum((-2, -1)) for g in gradient]).sum(0).sqrt() + 1
    assert ((ends[0] - ends[1]) / (2 * step) - slope).abs().div(size).max() < 1e-7


@settings(max_examples=25, deadline=None)
@given(shape=shapes, seed=st.integers(0, 1000), masked=st.booleans())
def test_hessian_vector_product_is_the_derivative_of_the_gradient(shape, seed, masked):
    factors, target, mask = problem(*shape, seed, masked)
    direction = [random(*factor.shape, seed=seed + 7 + i) for i, factor in enumerate(factors)]
    exact = model.hessian_vector_product(factors, direction, target, mask)
    _, automatic = torch.func.jvp(
        lambda *parts: tuple(model.gradient(parts, target, mask)), tuple(factors), tuple(direction)
    )
    for mine, theirs in zip(exact, automatic, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(depth=st.integers(1, 4), seed=st.integers(0, 1000))
def test_rotating_the_target_and_the_outer_factors_leaves_the_loss_and_turns_the_gradient(depth, seed):
    factors, target, _ = problem(depth, 4, 3, 4, seed)
    left = torch.linalg.qr(random(4, 4, seed=seed + 1)).Q
    right = torch.linalg.qr(random(3, 3, seed=seed + 2)).Q
    turned = list(factors)
    turned[0] = turned[0] @ right
    turned[-1] = left @ turned[-1]
    turned_target = left @ target @ right
    torch.testing.assert_close(model.loss(turned, turned_target), model.loss(factors, target))
    expected = model.gradient(factors, target)
    expected[0] = expected[0] @ right
    expected[-1] = left @ expected[-1]
    for mine, theirs in zip(model.gradient(turned, turned_target), expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_zero_factors_never_move(depth):
    factors = [torch.zeros(1, 3, 3, dtype=DTYPE) for _ in range(depth)]
    assert all(bool((g == 0).all()) for g in model.gradient(factors, random(1, 3, 3)))


def test_loss_of_a_small_start_is_half_the_sum_of_squares(started):
    for depth in (2, 3, 4):
        _, trajectories = started(depth, 10, {"a": [3.0, 2.0, 1.0]}, init_scales={depth: [1e-2]}, inits=["orthogonal"])
        assert float(trajectories.records["loss"][0, 0]) == pytest.approx(7.0, abs=10 * 0.01**depth)


def test_effective_and_stable_rank_of_3_2_1_are_the_reference_values():
    values = torch.tensor([3.0, 2.0, 1.0, 0.0], dtype=DTYPE)
    assert float(model.effective_rank(values)) == pytest.approx(2.7494592740, abs=1e-9)
    assert float(model.stable_rank(values)) == pytest.approx(1.5555555556, abs=1e-9)


@given(rank=st.integers(1, 8), size=st.floats(0.01, 100))
def test_equal_singular_values_have_their_number_as_effective_and_stable_rank(rank, size):
    values = torch.full((rank,), size, dtype=DTYPE)
    assert float(model.effective_rank(values)) == pytest.approx(rank)
    assert float(model.stable_rank(values)) == pytest.approx(rank)


def test_flatten_and_unflatten_are_inverse():
    factors = [random(3, 2), random(4, 3)]
    back = hessian.unflatten(hessian.flatten(factors), factors)
    assert all(torch.equal(a, b) for a, b in zip(factors, back, strict=True))
