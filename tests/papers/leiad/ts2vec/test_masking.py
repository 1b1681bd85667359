"""Masked-middle representations: the shortcuts against one masked pass for every point."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.papers.leiad.ts2vec.encoder import Encoder
from tenfold.papers.leiad.ts2vec.masking import at_middle, exact, windowed
from tenfold.papers.leiad.ts2vec.score import score
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings


def encoder(hidden: int = 5, depth: int = 3, output: int = 7, seed: int = 0) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(TS2VecSettings(hidden=hidden, depth=depth, output=output)).eval().double()


def wave(length: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(length, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def one_pass_for_every_point(model: Encoder, series: torch.Tensor) -> torch.Tensor:
    """The definition: mask a single time step of the whole series, encode, subtract, for each step in turn."""
    n = len(series)
    masked = model(series.expand(n, n), ~torch.eye(n, dtype=torch.bool))
    return masked[torch.arange(n), torch.arange(n)] - model(series[None])[0]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 70), st.integers(0, 4), st.integers(1, 6), st.integers(0, 100))
def test_the_exact_shortcut_is_one_masked_pass_for_every_point(length, depth, hidden, seed):
    model, series = encoder(hidden, depth, 4, seed), wave(length, seed)
    torch.testing.assert_close(exact(model, series), one_pass_for_every_point(model, series))


def test_points_further_apart_than_the_reach_can_be_masked_in_one_pass():
    """The card's own shortcut: reach + 1 passes instead of n."""
    model, series = encoder(depth=2), wave(100)
    stride = model.reach + 1
    assert stride == 2 * (1 + 2 + 4) + 1
    found = torch.zeros(100, 7, dtype=torch.float64)
    with torch.no_grad():
        plain = model(series[None])[0]
        for first in range(stride):
            keep = torch.ones(1, 100, dtype=torch.bool)
            keep[0, first::stride] = False
            found[first::stride] = (model(series[None], keep)[0] - plain)[first::stride]
    torch.testing.assert_close(exact(model, series), found)


@pytest.mark.parametrize("padding", [4, 7, 16])
@torch.no_grad()
def test_the_middle_of_a_window_needs_only_every_other_place_after_a_block(padding):
    model = encoder()
    windows = wave(6 * (2 * padding + 1)).reshape(6, -1)
    windows[0, :3] = torch.nan
    keep = torch.ones_like(windows, dtype=torch.bool)
    keep[:, padding] = False
    torch.testing.assert_close(at_middle(model, windows), model(windows)[:, padding])
    torch.testing.assert_close(at_middle(model, windows, keep), model(windows, keep)[:, padding])


def test_windows_and_whole_series_give_the_same_inside_of_a_series():
    model, series = encoder(), wave(120)
    assert model.reach == 30
    inside = slice(30, 90)
    whole = exact(model, series)
    torch.testing.assert_close(windowed(model, series, 30, batch=50)[inside], whole[inside])
    # Windows shorter than the reach of the encoder cut something off.
    assert not torch.allclose(windowed(model, series, 10)[inside], whole[inside])


def test_an_encoder_that_ignores_its_input_has_no_representation():
    model = encoder()
    with torch.no_grad():
        model.input.weight.zero_()
        model.input.bias.zero_()
    assert not exact(model, wave(40)).any()
    assert not windowed(model, wave(40), 10).any()


def test_without_reach_a_representation_depends_on_its_point_alone():
    model = encoder(depth=2)
    with torch.no_grad():
        for block in model.blocks:
            for layer in (block.first, block.second):
                layer.weight[:, :, [0, 2]] = 0
    series = wave(30)
    found = exact(model, series)
    assert found.abs().sum(1).min() > 0
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(exact(model, series[order]), found[order])
    np.testing.assert_allclose(exact(model, series[7:8]), found[7:8])


def test_the_score_is_the_capped_distance_to_the_mean():
    r = np.zeros((1000, 2), dtype=np.float32)
    r[0], r[1], r[2] = (30, 40), (3, -4), (1, 0)
    distance = np.abs(r - r.mean(axis=0)).sum(axis=1)
    cap = np.percentile(distance, 99.9)
    expected = np.minimum(distance, cap) - distance.min()
    found = score(r)
    np.testing.assert_allclose(found, expected / expected.max(), rtol=1e-5)
    assert (found.min(), found.max()) == (0, 1)
    assert not score(np.ones((5, 3), dtype=np.float32)).any()
