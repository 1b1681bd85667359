"""Attacks and thickness of whole stacks."""

from functools import partial

import pytest
import torch

from tenfold.papers.r2et.measuring import Explained, attack, ball_ends, thickness
from tenfold.papers.r2et.ranking import top_k
from tenfold.papers.r2et.settings import Attack, Thickness
from tests.papers.r2et.conftest import made_stack

SETTINGS = Attack(steps=20, step_size=0.05, every=10)


@pytest.fixture
def explained(random):
    stack = made_stack(models=2)
    x = torch.randn(2, 30, 6, generator=random, dtype=torch.float64)
    return Explained.at(stack, x, 2)


def noise(random, x, purpose):
    return torch.randn(x.shape, generator=random, dtype=x.dtype)


@pytest.mark.parametrize("kind", ["ranking", "ranking-raw", "distance", "random"])
def test_every_attack_starts_at_1_and_changes_no_prediction(explained, random, kind):
    found = attack(kind, explained, SETTINGS, partial(noise, random, explained.x))
    assert found.precision.shape == (3, 2, 30)
    assert (found.precision[0] == 1).all()
    assert (found.distance[0] == 0).all()
    assert found.unchanged.all()
    assert found.precision[-1].mean() <= 1
    assert (found.distance[-1] > 0).any()


def test_directed_attacks_do_more_than_random_ones(explained, random):
    found = {
        k: attack(k, explained, SETTINGS, partial(noise, random, explained.x))
        for k in ("ranking", "distance", "random")
    }
    assert found["ranking"].precision[-1].mean() < found["random"].precision[-1].mean()
    assert found["distance"].distance[-1].mean() > found["random"].distance[-1].mean()


def test_restarts_never_raise_what_the_attack_lowers(explained, random):
    def gaps(settings):
        reached = attack("ranking", explained, settings, partial(noise, random, explained.x)).points[-1]
        return (coefficients * explained.sizes_at(reached)).sum(-1)

    top = top_k(explained.sizes, 2)
    coefficients = torch.where(top, 4.0, -2.0)

    one, three = gaps(SETTINGS), gaps(SETTINGS.model_copy(update={"restarts": 3}))
    assert (three <= one + 1e-9).all()
    assert (three < one - 1e-6).any()


def test_thickness_of_short_paths_is_1_and_falls_with_their_length(explained, random):
    def mean(radius):
        ends = ball_ends(explained.x, Thickness(radius=radius, paths=8), [random, random])
        return thickness(explained, ends, 6).mean().item()

    assert mean(1e-6) > 0.999
    assert mean(3.0) < mean(0.3) <= 1


def test_thickness_is_that_of_the_plain_loop(explained, random):
    ends = ball_ends(explained.x, Thickness(radius=1.0, paths=3), [random, random])
    found = thickness(explained, ends, 4)
    for model, sample in ((0, 0), (1, 7)):
        order = explained.sizes[model, sample].argsort(descending=True)
        shares = []
        for path in range(3):
            for t in (0.125, 0.375, 0.625, 0.875):
                x = explained.x.clone()
                x[model, sample] += t * (ends[model, sample, path] - x[model, sample])
                along = explained.sizes_at(x)[model, sample]
                shares += [float(along[i] >= along[j]) for i in order[:2] for j in order[2:]]
        assert found[model, sample].item() == pytest.approx(sum(shares) / len(shares))
