"""Small models and videos for the tests of dlh."""

from __future__ import annotations

import pytest
import torch

from tenfold.papers.dlh.models.base import Frame, Point
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.dlh import DynamicLatentHierarchy
from tenfold.papers.dlh.settings import Train

FRAME = Frame(8, 8, 3)
SIZES = {"stochastic": [4, 3], "deterministic": [6, 5], "features": 7, "hidden": 9}
END = Point(update=10, updates=10, deviation=0.1, divergence=1.0, margin=0.0)
"""The end of every schedule: the paper's ELBO and its rule."""


def settings(count: int = 2, **changes) -> Train:
    """Settings of a small DLH with `count` levels; `changes` are keys of Train."""
    base = {"levels": SIZES | {"count": count}, "images": {"hidden": 16}}
    return Train.model_validate(base | changes)


def small(count: int = 2, **changes) -> DynamicLatentHierarchy:
    """A small DLH with fixed initial values, in double precision.

    Its posteriors follow the video more than those of a fresh model would, so that levels change now and then.
    """
    torch.manual_seed(count)
    model = build(settings(count, **changes), FRAME).double()
    assert isinstance(model, DynamicLatentHierarchy)
    with torch.no_grad():
        for level in model.levels[1:]:
            level.bottom_up[0].weight *= 5  # type: ignore[index, operator]
            level.posterior.layers[0].weight *= 3  # type: ignore[index, union-attr, operator]
            level.posterior.layers[-1].bias[level.posterior.size :] -= 5  # type: ignore[index, union-attr, operator]
    return model


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def video() -> torch.Tensor:
    """(3, 12, 8, 8, 3)"""
    return torch.rand((3, 12, *FRAME), generator=generator(5), dtype=torch.float64)
