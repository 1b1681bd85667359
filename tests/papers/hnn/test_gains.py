"""Gains by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tenfold.papers.hnn.gains import absolute_gain, overall, relative_gain


def test_overall_mean_of_relative_gains_by_hand():
    """HNN (66, 60) on two graphs, baselines (60, 50) and (70, 80): 10, 20, -5.714, -25."""
    graphs = [(66.0, {"b1": 60.0, "b2": 70.0}), (60.0, {"b1": 50.0, "b2": 80.0})]
    gains = [{b: relative_gain(np.array([h]), np.array([v])) for b, v in others.items()} for h, others in graphs]
    assert [round(float(g[b][0]), 3) for b in ("b1", "b2") for g in gains] == [10, 20, -5.714, -25]
    assert overall(gains)[0] == pytest.approx(-0.1786, abs=1e-4)


def test_the_interval_covers_the_mean_and_needs_more_than_one_value():
    gains = [{"b": absolute_gain(np.array([0.7, 0.72, 0.74]), np.array([0.6, 0.6, 0.6]))}]
    mean, interval = overall(gains)
    assert mean == pytest.approx(12)
    assert interval.low < 12 < interval.high
    assert overall([{"b": np.array([1.0])}])[1] is None
