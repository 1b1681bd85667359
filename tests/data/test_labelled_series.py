"""Labelled series: gaps are filled, stretches and segments follow the rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.labelled_series import LabelledSeries, OneSeries, anomalous_stretches, filled, segments
from tenfold.errors import DataError


def one(name: str = "a", values=(1.0, 2.0), labels=(0, 1), **fields) -> OneSeries:
    return OneSeries(name, np.arange(len(values)) * 60, np.array(values, dtype=float), np.array(labels), **fields)


def flagged(length: int, places) -> np.ndarray:
    labels = np.zeros(length, dtype=int)
    labels[list(places)] = 1
    return labels


def test_the_cut_rule_gives_the_segments_of_the_card():
    labels = flagged(30, (5, 6, 12, 20, 21))
    assert segments(labels, before=4, after=2, gap=6) == [(1, 14), (16, 23)]
    assert segments(labels, before=4, after=2, gap=8) == [(1, 23)]


def test_segments_are_clipped_to_the_curve_and_a_curve_without_anomalies_has_none():
    assert segments(flagged(10, (1, 9)), before=4, after=5, gap=3) == [(0, 6), (5, 10)]
    assert segments(flagged(10, ())) == []


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(0, 8), st.integers(1, 8), st.integers(1, 12))
def test_every_anomaly_lies_in_a_segment_and_neighbours_within_the_gap_in_the_same(flags, before, after, gap):
    labels = np.array(flags, dtype=int)
    cut = segments(labels, before=before, after=after, gap=gap)
    places = np.flatnonzero(labels)
    for start, stop in cut:
        assert 0 <= start < stop <= len(labels)
    of_place = [[number for number, (start, stop) in enumerate(cut) if start <= place < stop] for place in places]
    assert all(of_place)
    starts = {max(0, place - before) for place in places}
    assert {start for start, _ in cut} <= starts
    assert len(cut) == 1 + (np.diff(places) > gap).sum() if len(places) else not cut


def test_stretches_are_the_runs_of_ones():
    assert anomalous_stretches(np.array([1, 1, 0, 1, -1, 1])) == [(0, 2), (3, 4), (5, 6)]
    assert anomalous_stretches(np.zeros(3)) == []


def test_gaps_become_straight_lines_and_ends_the_nearest_value():
    gap = np.nan
    np.testing.assert_allclose(filled(np.array([gap, 1, gap, gap, 4, gap])), [1, 1, 2, 3, 4, 4])


def test_series_stand_one_after_the_other_and_come_out_as_they_went_in():
    series = LabelledSeries.of([one("a", split="train"), one("b/1", (3, np.nan, 5), (0, 0, 0), group="b")], "here")
    assert list(series.offsets) == [0, 2, 5]
    assert list(series.lengths) == [2, 3]
    assert list(series.groups) == ["a", "b"]
    assert (series[0].split, series[1].name) == ("train", "b/1")
    np.testing.assert_array_equal(series[1].values, [3, 4, 5])
    assert [len(each) for each in series] == [2, 3]


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([], "no series"),
        ([one("a"), one("a")], "the series a is there twice"),
        ([one("a", (np.nan, np.nan))], "the series a has no value"),
        ([one("a", (np.inf, 1))], "infinite value"),
        ([one("a", labels=(0, 2))], r"not 0, 1 or -1"),
    ],
)
def test_what_cannot_be_series_is_refused(series, message):
    with pytest.raises(DataError, match=f"here: .*{message}"):
        LabelledSeries.of(series, "here")
