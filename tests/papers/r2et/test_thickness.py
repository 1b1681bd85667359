"""Ranking thickness: worked values, limits, and invariants."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.r2et.curvature import hessian
from tenfold.papers.r2et.saliency import importance, saliency
from tenfold.papers.r2et.thickness import (
    ball,
    gap_lower_bound,
    midpoints,
    nonnegative_share,
    ordered_share,
    pair_ordered,
    path_share,
    points_on_paths,
    relaxed_lower_bound,
    relaxed_upper_bound,
    signed_row_distance,
    sphere,
)

F64 = torch.float64
START = torch.tensor([1.0, 0.5], dtype=F64)
END = torch.tensor([0.4, 1.0], dtype=F64)


def gap(score, x):
    sizes = saliency(score, x).abs()
    return sizes[..., 0] - sizes[..., 1]


def test_the_pair_of_the_quadratic_on_one_path(quadratic):
    assert gap(quadratic, START).item() == pytest.approx(0.65)
    assert gap(quadratic, END).item() == pytest.approx(-0.5)
    assert nonnegative_share(gap(quadratic, START), gap(quadratic, END)).item() == pytest.approx(0.56521739, abs=1e-8)


def test_the_grid_approaches_the_exact_share(quadratic):
    x = START.reshape(1, 1, 2)
    for _, points in points_on_paths(x, END.reshape(1, 1, 1, 2), midpoints(2000)):
        sizes = importance(saliency(quadratic, points), 1)  # (1, 1, 1, T, 2)
        clean = importance(saliency(quadratic, x), 1)[:, :, None, None]
        assert ordered_share(clean, sizes, 1).mean().item() == pytest.approx(0.65 / 1.15, abs=5e-4)
        assert path_share(sizes[..., 0] - sizes[..., 1]).item() == pytest.approx(0.65 / 1.15, abs=5e-4)


def test_the_bounds_of_the_quadratic(quadratic, random):
    gradients, matrix = saliency(quadratic, START), hessian(quadratic, START)
    distance = signed_row_distance(matrix, gradients, 0, 1)
    assert distance.item() == pytest.approx(1.58113883, abs=1e-8)
    lowest = gap_lower_bound(gap(quadratic, START), distance, 0.2)
    assert lowest.item() == pytest.approx(0.33377, abs=1e-5)
    ends = START + sphere(4000, (2,), 0.2, random).to(F64)
    found = gap(quadratic, ends)
    assert found.min() >= lowest - 1e-9
    assert found.min().item() == pytest.approx(lowest.item(), abs=1e-4)  # the bound is attained
    mean_on_path = (gap(quadratic, START) + found) / 2  # h is linear on each path
    rows = matrix.norm(dim=-1)
    assert mean_on_path.min() >= relaxed_lower_bound(gap(quadratic, START), distance, 0.2) - 1e-9
    assert mean_on_path.max() <= relaxed_upper_bound(gap(quadratic, START), rows[0], rows[1], 0.2)


def pairs_in_order(clean, along, k):
    order = clean.argsort(descending=True, stable=True)
    return sum(float(along[i] >= along[j]) for i in order[:k] for j in order[k:]) / (k * (len(clean) - k))


@given(st.lists(st.integers(0, 6), min_size=4, max_size=10), st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_share_is_that_of_comparing_every_pair(values, k, shuffler):
    clean = torch.tensor(values, dtype=F64)
    moved = list(values)
    shuffler.shuffle(moved)
    along = torch.tensor(moved, dtype=F64)
    assert ordered_share(clean, along, k).item() == pytest.approx(pairs_in_order(clean, along, k))


def test_at_the_point_itself_everything_is_in_order(random):
    clean = torch.rand(5, 12, generator=random)
    assert (ordered_share(clean, clean, 4) == 1).all()


def test_it_is_between_0_and_1_and_reaches_both():
    clean = torch.tensor([4.0, 3, 2, 1])
    assert ordered_share(clean, clean.flip(0), 2) == 0
    assert ordered_share(clean, clean, 2) == 1


@given(st.floats(0.01, 100))
def test_the_size_of_the_gradient_does_not_matter(factor):
    clean, along = torch.tensor([0.9, 0.5, 0.2, 0.1], dtype=F64), torch.tensor([0.3, 0.5, 0.4, 0.1], dtype=F64)
    assert ordered_share(clean * factor, along * factor, 2) == ordered_share(clean, along, 2)


def test_a_pair_and_its_reverse_sum_to_one(random):
    clean = torch.rand(200, 6, generator=random)
    along = torch.rand(200, 6, generator=random)
    forward, backward = pair_ordered(clean, along, 0, 3), pair_ordered(clean, along, 3, 0)
    assert (forward.double() + backward.double() == 1).all()


def test_every_path_of_the_linear_logit_has_thickness_1(linear_logit, random):
    x = torch.randn(1, 4, 3, generator=random, dtype=F64)
    ends = x[:, :, None] + ball(8, (3,), 0.5, random).to(F64)
    clean = importance(saliency(linear_logit, x), 1)
    for chosen, points in points_on_paths(x, ends, midpoints(5)):
        along = importance(saliency(linear_logit, points), 1)
        assert (ordered_share(clean[:, chosen, None, None], along, 1) == 1).all()
        assert (ordered_share(clean[:, chosen, None, None], along, 2) == 1).all()


def test_points_of_the_ball_are_inside_and_uniform(random):
    offsets = ball(20000, (3,), 2.0, random)
    radii = offsets.norm(dim=1)
    assert radii.max() <= 2.0 + 1e-6
    assert (radii < 1.0).double().mean().item() == pytest.approx(1 / 8, abs=0.01)
    assert offsets.mean(0).abs().max() < 0.05


def test_paths_come_in_pieces_that_cover_all_samples(monkeypatch, random):
    from tenfold.papers.r2et import thickness

    monkeypatch.setattr(thickness, "MOST_VALUES", 50)
    x = torch.randn(1, 7, 3, generator=random)
    ends = torch.randn(1, 7, 2, 3, generator=random)
    pieces = [points for _, points in points_on_paths(x, ends, midpoints(4))]
    assert len(pieces) > 1
    joined = torch.cat(pieces, dim=1)
    assert torch.allclose(joined[..., 1, :], x[:, :, None] + 0.375 * (ends - x[:, :, None]))
