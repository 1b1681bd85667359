import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.ticoserec.intervals import interval_variance, intervals, merged_variance, time_unit
from tests.papers.ticoserec.sequences import DAYS_A, ragged

lists = st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=6)
times = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=9).map(sorted), min_size=1, max_size=5)


@given(lists, st.integers(0, 7))
def test_slices_of_all_lists_are_those_of_python(values, count):
    table = ragged(values)
    whole = [values[b] for b in range(len(values))]
    for name, expected in (
        ("without_last", [v[: max(len(v) - count, 0)] for v in whole]),
        ("without_first", [v[count:] for v in whole]),
        ("last", [v[max(len(v) - count, 0) :] for v in whole]),
    ):
        got = getattr(table, name)(count)
        assert [got.values[a:b].tolist() for a, b in zip(got.offsets, got.offsets[1:], strict=False)] == expected


@given(lists, st.data())
def test_taken_lists_and_padded_tables_hold_the_same_values(values, data):
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=8))
    table = ragged(values).take(np.array(rows, dtype=np.int64)).padded(7, fill=-1)
    assert table.tolist() == [values[row] + [-1] * (7 - len(values[row])) for row in rows]


@pytest.mark.parametrize(("moments", "variance"), [([0, 1, 3], 0.25), ([5], 0), ([0, 2, 4, 6], 0), (DAYS_A, 46.122449)])
def test_variance_of_the_worked_examples(moments, variance):
    assert interval_variance(ragged([moments]))[0] == pytest.approx(variance, abs=1e-6)


@given(times, st.integers(1, 50), st.integers(0, 1000))
def test_variance_agrees_with_numpy_ignores_shifts_and_scales_squared(moments, factor, shift):
    expected = [np.var(np.diff(m)) if len(m) > 1 else 0 for m in moments]
    np.testing.assert_allclose(interval_variance(ragged(moments)), expected, atol=1e-9)
    moved = ragged([[factor * t + shift for t in m] for m in moments])
    np.testing.assert_allclose(interval_variance(moved), np.multiply(expected, factor**2), rtol=1e-9, atol=1e-9)


@given(times)
def test_ranking_counts_events_at_one_moment_once(moments):
    distinct = [sorted(set(m)) for m in moments]
    np.testing.assert_allclose(merged_variance(ragged(moments)), interval_variance(ragged(distinct)))


@given(times, st.integers(1, 90_000))
def test_time_unit_divides_every_interval(moments, factor):
    table = ragged([[factor * t for t in m] for m in moments])
    unit = time_unit(table)
    assert (intervals(table).values % unit == 0).all()
    assert unit % factor == 0 or not intervals(table).values.any()


def test_time_unit_gets_coarser_before_sums_of_squares_overflow():
    century = 100 * 365 * 86_400
    moments = ragged([[0, *range(century - 200, century)]])
    gaps = intervals(moments).values // time_unit(moments)
    assert len(gaps) * int(gaps.sum()) ** 2 < 2**63
