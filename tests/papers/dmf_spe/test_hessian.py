import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.papers.dmf_spe import hessian, model, oracle

DTYPE = torch.float64
SIGMA = (3.0, 2.0, 1.0)


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=DTYPE, generator=torch.Generator().manual_seed(seed))


def target_and_bases(rows=6, columns=6, sigma=SIGMA):
    left, right = torch.linalg.qr(random(rows, rows, seed=1)).Q, torch.linalg.qr(random(columns, columns, seed=2)).Q
    rank = len(sigma)
    return (left[:, :rank] * torch.tensor(sigma, dtype=DTYPE)) @ right[:, :rank].mT, left, right


def point(learned, depth, width=6, scale=0.0, rows=6, columns=6):
    target, left, right = target_and_bases(rows, columns)
    generator = torch.Generator().manual_seed(5)
    return hessian.critical_point(SIGMA, left, right, learned, width, depth, generator, scale), target


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_dense_hessian_agrees_with_central_differences_of_the_gradient(depth):
    factors, target = [random(3, 3, seed=i) for i in range(depth)], random(3, 3, seed=9)
    flat, step = hessian.flatten(factors), 1e-5

    def gradient(vector):
        return hessian.flatten(model.gradient(hessian.unflatten(vector, factors), target))

    columns = [
        (gradient(flat + step * unit) - gradient(flat - step * unit)) / (2 * step)
        for unit in torch.eye(len(flat), dtype=DTYPE)
    ]
    torch.testing.assert_close(hessian.dense(factors, target), torch.stack(columns), rtol=1e-6, atol=1e-6)


@settings(max_examples=8, deadline=None)
@given(depth=st.integers(1, 4), seed=st.integers(0, 100))
def test_lanczos_finds_the_smallest_eigenvalue_of_the_dense_hessian(depth, seed):
    factors, target = [0.7 * random(4, 4, seed=seed + i) for i in range(depth)], random(4, 4, seed=seed + 9)
    eigenvalues = hessian.spectrum(factors, target)
    found = hessian.smallest_eigenvalue(factors, target, torch.Generator().manual_seed(0))
    assert found == pytest.approx(eigenvalues[0], abs=1e-5 * max(1.0, np.abs(eigenvalues).max()))


def test_lanczos_sees_only_observed_entries():
    factors, mask = [random(4, 4, seed=i) for i in range(2)], random(4, 4, seed=7) > 0
    found = [
        hessian.smallest_eigenvalue(factors, goal, torch.Generator().manual_seed(0), mask)
        for goal in (random(4, 4, seed=8), torch.where(mask, random(4, 4, seed=8), 0.0))
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-4)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("learned", [(), (0,), (0, 1), (0, 1, 2), (1,), (2,), (0, 2), (1, 2)])
def test_index_and_smallest_eigenvalue_of_critical_points_are_as_predicted(learned, depth):
    factors, target = point(learned, depth)
    assert hessian.flatten(model.gradient(factors, target)).norm() < 1e-12
    unlearned = [SIGMA[i] for i in range(3) if i not in learned]
    assert float(model.loss(factors, target)) == pytest.approx(sum(s * s for s in unlearned) / 2, abs=1e-12)
    eigenvalues = hessian.spectrum(factors, target)
    assert hessian.count_negative(eigenvalues, 1e-6) == oracle.saddle_index(SIGMA, learned, 6, depth)
    assert min(eigenvalues[0], 0) == pytest.approx(oracle.smallest_eigenvalue(SIGMA, learned, 6, depth), abs=1e-10)


@pytest.mark.parametrize(("rows", "columns", "width"), [(6, 6, 3), (6, 6, 8), (5, 7, 4), (7, 4, 6)])
def test_the_index_at_depth_2_counts_hidden_directions_not_rows_or_columns(rows, columns, width):
    for rank in range(4):
        factors, target = point(range(rank), 2, width, rows=rows, columns=columns)
        negative = hessian.count_negative(hessian.spectrum(factors, target), 1e-6)
        assert negative == (3 - rank) * (width - rank)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_the_largest_eigenvalue_at_the_minimum_is_the_curvature_behind_the_stability_limit(depth):
    factors, target = point((0, 1, 2), depth)
    assert hessian.spectrum(factors, target)[-1] == pytest.approx(oracle.curvature(3.0, depth))


@pytest.mark.parametrize(("depth", "measured"), [(2, -1.99501), (3, -0.199969), (4, -0.01499989)])
def test_negative_curvature_near_the_first_saddle_is_the_reference_value(depth, measured):
    factors, target = point((0,), depth, scale=0.05)
    smallest = hessian.spectrum(factors, target)[0]
    assert smallest == pytest.approx(measured, rel=1e-5)
    assert smallest == pytest.approx(oracle.near_saddle_eigenvalue(SIGMA, 1, 0.05, depth), rel=2e-3)


def test_eigenvalues_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        hessian.count_negative(np.array([1.0, np.nan]), 0.1)
