"""The 75 statistical features against their definitions, point by point."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tenfold.papers.leiad.features import (
    AVERAGE_WINDOWS,
    DECAYS,
    RANGE_WINDOWS,
    feature_names,
    moving_average,
    raw_features,
    statistical_features,
    upper_share,
    weighted_average,
)


def series(length: int = 1700, seed: int = 3) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.round(5 + np.sin(np.arange(length) / 20) + generator.standard_normal(length), 2)


def by_definition(x: np.ndarray, t: int) -> list[float]:
    """The features of the point t, written down as the card does."""

    def floor(value: float) -> float:
        return value if value >= 1e-8 else 1e-8

    def last(window: int) -> np.ndarray | None:
        return x[t - window + 1 : t + 1] if t + 1 >= window else None

    found: list[float] = []
    for window in AVERAGE_WINDOWS:
        part = last(window)
        found += [0, 0, 0] if part is None else [part.mean(), x[t] - part.mean(), x[t] / floor(part.mean())]
    for window in AVERAGE_WINDOWS:
        for decay in DECAYS:
            part = last(window)
            if part is None:
                found += [0, 0, 0]
                continue
            weights = (1 - decay) ** np.arange(window)
            average = (weights * part[::-1]).sum() / weights.sum()
            found += [average, x[t] - average, x[t] / floor(average)]
    for window in RANGE_WINDOWS:
        part = last(window)
        if part is None:
            found += [0] * 5
            continue
        found += [part.min(), part.max(), part.max() - part.min(), part.std(ddof=1), (part >= x[t]).mean()]
    previous = x[t - 1] if t else x[0]
    a = abs(x[t]) + 1.1
    return [*found, x[t] - previous, (x[t] - previous) / floor(previous), np.log2(a), a - np.log2(a), a / np.log2(a)]


@pytest.mark.parametrize("offset", [0.0, -7.0, 1e4])
def test_every_feature_of_a_point_is_what_the_card_defines(offset):
    x = series() + offset
    found = raw_features(x)
    assert found.shape == (len(x), 75)
    assert len(feature_names()) == len(set(feature_names())) == 75
    for t in (0, 1, 8, 9, 10, 48, 49, 98, 199, 498, 499, 1438, 1439, 1500, 1699):
        np.testing.assert_allclose(found[t], by_definition(x, t), rtol=1e-7, atol=1e-9, err_msg=f"point {t}")


def test_values_of_the_card():
    assert weighted_average(np.array([1.0, 2.0, 4.0]), 3, 0.5)[2] == pytest.approx(3)
    assert upper_share(np.array([3.0, 1.0, 2.0, 2.0]), 4)[3] == 3 / 4
    np.testing.assert_allclose(raw_features(np.array([-2.9]))[0, -3:], [2, 2, 2])  # |x| + 1.1 = 4


def test_windows_agree_with_those_of_pandas():
    x = pd.Series(series(600))
    for window in (10, 50, 500):
        expected = x.rolling(window)
        np.testing.assert_allclose(moving_average(x.to_numpy(), window), expected.mean().fillna(0), atol=1e-12)
        columns = raw_features(x.to_numpy())
        place = feature_names().index(f"deviation {window}")
        np.testing.assert_allclose(columns[:, place], expected.std().fillna(0), atol=1e-9)


finite = arrays.arrays(np.float64, st.integers(1, 120), elements=st.floats(-1e6, 1e6).map(lambda v: round(v, 3)))


@settings(max_examples=60, deadline=None)
@given(finite)
def test_features_are_finite_and_z_scored_and_look_only_back(x):
    found = statistical_features(x)
    assert np.isfinite(found).all()
    spread = found.std(axis=0, dtype=np.float64)
    assert np.all((spread == 0) | (np.abs(spread - 1) < 1e-3))
    np.testing.assert_allclose(found.mean(axis=0, dtype=np.float64), 0, atol=1e-3)
    half = len(x) // 2
    if half:
        changed = np.concatenate([x[:half], x[half:] + 1])
        np.testing.assert_allclose(raw_features(changed)[:half], raw_features(x)[:half], rtol=1e-6, atol=1e-6)


def test_a_constant_series_differs_between_full_and_empty_windows_only():
    found = statistical_features(np.full(700, 0.1))
    assert max(len(np.unique(column)) for column in found.T) == 2
    flat = [
        number for number, name in enumerate(feature_names()) if name.startswith(("x -", "range", "deviation", "diff"))
    ]
    assert len(flat) == 15 + 10 + 2
    assert not found[:, flat].any(), "rounding must not be taken for a signal"


def test_long_series_are_compared_in_blocks_without_a_seam(monkeypatch):
    x = series(900)
    whole = upper_share(x, 50)
    monkeypatch.setattr("tenfold.papers.leiad.features.COMPARED_AT_ONCE", 500)
    np.testing.assert_array_equal(upper_share(x, 50), whole)
