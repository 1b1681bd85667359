"""Spectral residual, decomposition, luminol, and what all detectors have in common."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.papers.leiad.detector_settings import DetectorSettings
from tenfold.papers.leiad.detectors import DETECTORS, decomposition, luminol, scaled, scores, spectral_residual

FEW = DetectorSettings(isolation_trees=20, random_cut_trees=10, random_cut_tree_size=100)


def wave(length: int = 600, seed: int = 0) -> np.ndarray:
    return np.sin(np.arange(length) / 15) + 0.1 * np.random.default_rng(seed).standard_normal(length)


# ------------------------------------------------------------------------------------------ spectral residual


def test_the_running_mean_is_causal_and_expands_at_the_start():
    np.testing.assert_allclose(spectral_residual.running_mean(np.arange(1.0, 6), 3), [1, 1.5, 2, 3, 4])


def test_the_next_value_follows_the_slopes_without_the_last_point():
    assert spectral_residual.next_value(np.arange(1.0, 9)) == 8
    assert spectral_residual.next_value(np.array([1.0, 2, 3, 4, 5, 6, 7, 99])) == 8
    assert spectral_residual.next_value(np.array([1.0, 5.0])) == 5


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 1000), st.integers(0, 50))
def test_the_score_does_not_depend_on_the_unit(unit, seed):
    x = wave(300, seed) + 3
    for detect in (spectral_residual.score, spectral_residual.score_of_microsoft):
        np.testing.assert_allclose(detect(unit * x), detect(x), rtol=1e-6, atol=1e-8)


def test_saliency_is_the_inverse_transform_with_residual_amplitudes():
    """Term by term with the sums of the transform written out."""
    x = wave(40)
    longer = np.concatenate([x, np.full(5, spectral_residual.next_value(x))])
    n = len(longer)
    transform = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)
    f = transform @ longer
    logs = np.log(np.abs(f))
    local = np.array([logs[max(0, k - 2) : k + 1].mean() for k in range(n)])
    brought_back = np.conj(transform) @ (np.exp(logs - local) * f / np.abs(f)) / n
    np.testing.assert_allclose(spectral_residual.saliency(x, 3), np.abs(brought_back)[:40], rtol=1e-8)


def test_microsofts_version_is_clipped_and_finds_a_spike_above_its_threshold():
    x = wave()
    x[300] += 8
    found = spectral_residual.score_of_microsoft(x)
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.argmax() in (300, 301)
    assert found[300] > 0.3


# ---------------------------------------------------------------------------------------------- decomposition


def test_the_season_is_the_mean_of_each_phase_less_their_mean(monkeypatch):
    monkeypatch.setattr(
        "statsmodels.nonparametric.smoothers_lowess.lowess", lambda values, time, **_: np.full(len(values), 2.0)
    )
    x = np.random.default_rng(1).standard_normal(100)
    frame = pd.DataFrame({"rest": x - 2.0, "phase": np.arange(100) % 7})
    means = frame.groupby("phase").rest.mean()
    season = frame.phase.map(means - means.mean())
    np.testing.assert_allclose(decomposition.score(x, period=7), (frame.rest - season).abs())


def test_a_point_off_trend_and_season_stands_out():
    time = np.arange(900)
    x = time / 100 + np.sin(2 * np.pi * time / 90)
    x[450] += 3
    found = decomposition.score(x)
    assert found.argmax() == 450
    assert np.median(found) < 0.3


# ---------------------------------------------------------------------------------------------------- luminol


def test_the_default_detector_gives_the_values_of_the_card():
    x = np.array([1.0, 1, 1, 5, 1])
    np.testing.assert_allclose(luminol.smoothed(x), [1, 1, 1, 1.8, 1.64])
    np.testing.assert_allclose(luminol.default(x), [0, 0, 0, 2.245066, 0.888619], atol=5e-7)


def test_the_default_detector_follows_its_definition_point_by_point():
    x = wave(200)
    average = [x[0]]
    for value in x[1:]:
        average.append(0.2 * value + 0.8 * average[-1])
    a = np.abs(x - average) / x.std()
    d = [abs(x[1] - x[0]), *(abs(x[t] - x[t - 1]) for t in range(1, len(x)))]
    smooth = [d[0]]
    for value in d[1:]:
        smooth.append(0.2 * value + 0.8 * smooth[-1])
    q = np.abs(np.array(d) - smooth)
    q = q / q.std()
    a, q = (np.where(part < part.max() / 1000, 0, part) for part in (a, q))
    expected = [max(one, 0.65 * one + 0.35 * two, two if one > 0.94 else 0) for one, two in zip(a, q, strict=True)]
    np.testing.assert_allclose(luminol.default(x), expected, rtol=1e-9)


def test_bitmap_follows_its_definition_point_by_point():
    x = wave(150)
    x[70:80] = 3
    width = 12
    edges = np.linspace(x.min(), x.max(), 5)[1:-1]
    text = "".join("abcd"[int((value >= edges).sum())] for value in x)

    def words(start: int) -> dict[str, int]:
        part = text[start : start + width]
        pairs = [part[i : i + 2] for i in range(width - 1)]
        return {pair: pairs.count(pair) for pair in pairs}

    expected = np.zeros(150)
    for t in range(width, 150 - width + 1):
        behind, ahead = words(t - width), words(t)
        expected[t] = sum((behind.get(w, 0) - ahead.get(w, 0)) ** 2 for w in {*behind, *ahead})
    np.testing.assert_array_equal(luminol.bitmap(x, width), expected)


def test_short_series_get_the_default_detector_and_long_ones_the_bitmap():
    short, long = wave(1999), wave(2000)
    np.testing.assert_array_equal(luminol.score(short), luminol.default(short))
    np.testing.assert_array_equal(luminol.score(long), luminol.bitmap(long, 25))
    assert not luminol.bitmap(np.ones(100), 10).any()


# --------------------------------------------------------------------------------------------------- together


def test_scores_span_zero_to_one_in_every_column():
    found = scores("a", wave(), FEW)
    assert found.shape == (600, len(DETECTORS))
    assert found.dtype == np.float32
    assert (found.min(axis=0) == 0).all()
    assert (found.max(axis=0) == 1).all()


def test_the_forests_depend_on_the_name_and_the_seed_and_on_nothing_else():
    x = wave(300)
    first = scores("a", x, FEW)
    scores("b", wave(400, 1), FEW)
    np.testing.assert_array_equal(scores("a", x, FEW), first)
    others = [scores("b", x, FEW), scores("a", x, FEW.model_copy(update={"seed": 1}))]
    for other in others:
        changed = (other != first).any(axis=0)
        assert [name for name, differs in zip(DETECTORS, changed, strict=True) if differs] == [
            "isolation-forest", "random-cut-forest",
        ]  # fmt: skip


@pytest.mark.parametrize("length", [1, 2, 3, 5, 30])
@pytest.mark.parametrize("constant", [True, False])
def test_tiny_and_constant_series_have_finite_scores(length, constant):
    x = np.full(length, 7.0) if constant else np.arange(length) ** 2.0
    found = scores("tiny", x, FEW)
    assert np.isfinite(found).all()
    if constant:
        assert not found.any(), "rounding must not be taken for a signal"


def test_min_max_of_equal_scores_is_zero():
    assert not scaled(np.full(3, 4.0)).any()
    np.testing.assert_allclose(scaled(np.array([2.0, 4.0, 3.0])), [0, 1, 0.5])


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 50), st.floats(-20, 20))
def test_all_but_the_spectral_residual_are_blind_to_unit_and_origin(unit, origin):
    x = wave(250)
    one, other = scores("a", x, FEW), scores("a", unit * x + origin, FEW)
    np.testing.assert_allclose(one[:, [0, 2, 4]], other[:, [0, 2, 4]], atol=2e-3)
    np.testing.assert_allclose(one[:, 3], other[:, 3], atol=2e-3)
