"""The exact integral over a path against a fine grid, and what it is exact about."""

import itertools

import pytest
import torch

from tenfold.papers.r2et.exact_paths import exact_path_thickness, switches
from tenfold.papers.r2et.measuring import Explained, thickness
from tenfold.papers.r2et.saliency import saliency
from tests.papers.r2et.conftest import made_stack


@pytest.fixture
def path(random):
    stack = made_stack(models=1)
    return stack, *(2 * torch.randn(2, 6, generator=random, dtype=torch.float64))


def test_it_is_the_limit_of_the_grid(path):
    stack, start, end = path
    at = Explained.at(stack, start.reshape(1, 1, 6), 2)
    fine = thickness(at, end.reshape(1, 1, 1, 6), 4000).item()
    exact = exact_path_thickness(stack, start, end, 2)
    assert 0 < exact < 1
    assert exact == pytest.approx(fine, abs=(len(switches(stack, start, end)) + 1) / 4000)


def test_between_two_switches_the_saliency_keeps_its_direction(path):
    stack, start, end = path
    times = switches(stack, start, end)
    assert len(times) > 4
    for low, high in itertools.pairwise(times):
        inner = low + (high - low) * torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
        points = (start + inner[:, None] * (end - start)).unsqueeze(0)
        gradients = saliency(stack.probability_of(torch.ones(1, 3, dtype=torch.long)), points)[0]
        directions = gradients / gradients.norm(dim=-1, keepdim=True).clamp_min(1e-300)
        assert torch.allclose(directions, directions[:1].expand_as(directions), atol=1e-8)


def test_a_path_of_no_length_is_1(path):
    stack, start, _ = path
    assert exact_path_thickness(stack, start, start, 2) == pytest.approx(1.0)


@pytest.mark.parametrize("other", [{"classes": 3}, {"beta": 2.0}])
def test_it_refuses_what_it_is_not_exact_for(path, other):
    with pytest.raises(ValueError, match="two classes"):
        exact_path_thickness(made_stack(models=1, **other), path[1], path[2], 2)
