from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.papers.ticoserec import uniformity
from tenfold.papers.ticoserec.operators import crop, insert, mask, reorder, substitute
from tenfold.papers.ticoserec.operators.windows import window_spreads, window_starts
from tests.papers.ticoserec.sequences import DAYS_A, batch_of, batches, neighbours, sequence_a, sequence_b

positions = st.sampled_from(["smallest", "largest", "random"])
rates = st.sampled_from([0.1, 0.2, 0.4, 0.5, 0.7, 0.9])


def rng(seed=0):
    return np.random.default_rng(seed)


def items_of(view):
    return [row[:length].tolist() for row, length in zip(view.items, view.lengths, strict=True)]


@pytest.mark.parametrize(
    ("width", "unused_gaps", "variances"),
    [
        (4, 0, [18, 18, 60.2222, 80.2222, 76.2222]),
        (4, 1, [0, 20.25, 20.25, 90.25, 90.25]),
        (3, 0, [0, 20.25, 20.25, 90.25, 90.25, 0.25]),
        (3, 1, [0, 0, 0, 0, 0, 0]),
        (5, 0, [15.1875, 61.5, 61.5, 65.5]),
        (5, 1, [18, 18, 60.2222, 80.2222]),
    ],
)
def test_window_variances_of_sequence_a(width, unused_gaps, variances):
    spreads, exists = window_spreads(sequence_a(), np.array([width]), unused_gaps=unused_gaps)
    intervals = width - 1 - unused_gaps
    np.testing.assert_allclose(spreads[exists] / intervals**2, variances, atol=1e-4)


@pytest.mark.parametrize(
    ("rate", "at", "unused_gaps", "kept"),
    [
        (0.5, "smallest", 0, [12, 13, 14, 15]),  # windows 0 and 1 tie: the rightmost
        (0.5, "largest", 0, [14, 15, 16, 17]),
        (0.5, "smallest", 1, [11, 12, 13, 14]),
        (0.5, "largest", 1, [15, 16, 17, 18]),
        (0.4, "smallest", 0, [11, 12, 13]),
        (0.4, "smallest", 1, [16, 17, 18]),
        (0.7, "smallest", 0, [11, 12, 13, 14, 15]),
        (0.7, "smallest", 1, [12, 13, 14, 15, 16]),
    ],
)
def test_crop_keeps_the_worked_window(rate, at, unused_gaps, kept):
    assert items_of(crop(sequence_a(), rate, at, rng(), unused_gaps=unused_gaps)) == [kept]


def test_crop_of_two_items_or_fewer_keeps_one_of_the_first_ones():
    five = batch_of(*[(range(1, 6), range(6))] * 300)
    assert {items_of(crop(five, 0.4, "smallest", rng(seed)))[0][0] for seed in range(3)} <= {1, 2, 3}
    assert {row[0] for row in items_of(crop(five, 0.4, "smallest", rng()))} == {1, 2, 3}


def test_equal_gaps_everywhere_choose_the_rightmost_window():
    even = batch_of((range(1, 11), range(11)))
    assert items_of(crop(even, 0.5, "smallest", rng())) == [[6, 7, 8, 9, 10]]
    assert items_of(crop(even, 0.5, "largest", rng())) == [[6, 7, 8, 9, 10]]


def test_random_windows_reach_every_start():
    many = batch_of(*[(range(1, 9), DAYS_A)] * 400)
    starts = window_starts(many, np.full(400, 4), "random", rng())
    assert set(starts) == {0, 1, 2, 3, 4}


def test_mask_hides_the_left_ends_of_the_largest_gaps():
    assert items_of(mask(sequence_a(), 0.4, "largest", rng())) == [[11, 12, 0, 14, 0, 16, 0, 18]]


def test_mask_of_the_smallest_gaps_takes_the_leftmost_of_equal_ones():
    assert items_of(mask(sequence_a(), 0.4, "smallest", rng())) == [[0, 0, 13, 0, 15, 16, 17, 18]]


def test_insert_fills_the_largest_gaps():
    assert items_of(insert(sequence_a(), 0.25, "largest", neighbours(), rng())) == [
        [11, 12, 13, 213, 14, 15, 215, 16, 17, 18]
    ]
    assert insert(sequence_a(), 0.01, "largest", neighbours(), rng()).lengths.tolist() == [9]


def test_random_insertions_go_before_the_chosen_item():
    view = items_of(insert(sequence_a(), 0.5, "random", neighbours(), rng()))[0]
    new = [place for place, item in enumerate(view) if item > 100]
    assert len(new) == 4
    assert all(view[place + 1] == view[place] - 200 for place in new)


def test_substitute_replaces_the_left_end_of_the_smallest_gap():
    assert items_of(substitute(sequence_b(), 0.2, "smallest", neighbours(), rng())) == [[1, 202, 3, 4, 5]]
    assert items_of(substitute(sequence_b(), 0.2, "largest", neighbours(), rng())) == [[1, 2, 3, 204, 5]]


def test_an_item_without_neighbour_is_replaced_by_a_known_one():
    unknown = neighbours()
    unknown.item[:] = 0
    lonely = unknown.__class__(unknown.item, unknown.score, np.array([77, 78]))
    views = items_of(substitute(batch_of(*[([1, 2], [0, 1, 2])] * 50), 0.9, "smallest", lonely, rng()))
    assert {view[0] for view in views} == {77, 78}


@settings(max_examples=50)
@given(batches(), rates, positions, st.integers(0, 99))
def test_crop_is_a_stretch_of_the_sequence_of_the_right_length(batch, rate, at, seed):
    view = crop(batch, rate, at, rng(seed))
    for row, length, total in zip(items_of(view), view.lengths, batch.lengths, strict=True):
        width = int(rate * total)
        assert length == (width if width > 2 else 1)
        assert row == list(range(row[0], row[0] + length))
        assert row[-1] <= total if width > 2 else row[0] <= max(total - width, 1)


@settings(max_examples=50)
@given(batches(), rates, st.integers(0, 99))
def test_crop_finds_the_window_that_a_search_finds(batch, rate, seed):
    view = crop(batch, rate, "smallest", rng(seed))
    for row, (total, gaps) in enumerate(zip(batch.lengths, batch.gaps, strict=True)):
        width = int(rate * total)
        if width > 2:
            variances = [np.var(gaps[s : s + width - 1]) for s in range(total - width + 1)]
            kept = view.items[row, 0] - 1
            assert variances[kept] == pytest.approx(min(variances), abs=1e-9)
            assert all(v > min(variances) + 1e-9 for v in variances[kept + 1 :])


@settings(max_examples=50)
@given(batches(), rates, positions, st.integers(0, 99))
def test_reorder_permutes_within_its_window_only(batch, rate, at, seed):
    view = reorder(batch, rate, at, rng(seed))
    start = window_starts(batch, (rate * batch.lengths).astype(int), at, rng(seed))
    assert np.array_equal(view.lengths, batch.lengths)
    for row, total, first in zip(items_of(view), batch.lengths, start, strict=True):
        width = int(rate * total)
        moved = [place for place, item in enumerate(row) if item != place + 1]
        assert sorted(row) == list(range(1, total + 1))
        assert width >= 2 or not moved
        assert all(first <= place < first + width for place in moved)


def test_reorder_reaches_every_order_of_its_window():
    views = reorder(batch_of(*[(range(1, 7), range(7))] * 500), 0.5, "smallest", rng())
    orders = {tuple(row[3:]) for row in items_of(views)}
    assert len(orders) == 6


@settings(max_examples=50)
@given(batches(), rates, positions, st.integers(0, 99))
def test_mask_and_substitute_change_exactly_the_rate_s_share(batch, rate, at, seed):
    masked = mask(batch, rate, at, rng(seed))
    replaced = substitute(batch, rate, at, neighbours(), rng(seed))
    assert np.array_equal(masked.lengths, batch.lengths)
    for before, hidden, other, total, gaps in zip(
        batch.items, masked.items, replaced.items, batch.lengths, batch.gap_counts, strict=True
    ):
        available = total if at == "random" else gaps
        share = int(rate * total)
        assert (hidden[:total] == 0).sum() == (min(share, available) if total > 1 else 0)
        assert (other != before).sum() == (min(max(share, 1), available) if total > 1 else 0)
        assert set(other[other != before]) <= set(before[other != before] + 200)


@settings(max_examples=50)
@given(batches(), rates, positions, st.integers(0, 99))
def test_insert_keeps_the_sequence_and_grows_by_the_rate_s_share(batch, rate, at, seed):
    view = insert(batch, rate, at, neighbours(), rng(seed))
    for row, total, gaps in zip(items_of(view), batch.lengths, batch.gap_counts, strict=True):
        available = total if at == "random" else gaps
        assert len(row) == total + min(max(int(rate * total), 1), available)
        assert [item for item in row if item < 200] == list(range(1, total + 1))


def by_every_operator(batch, rate, at):
    """Items of the views of all five operators, of generators in the same state."""
    return [
        items_of(view)
        for view in (
            crop(batch, rate, at, rng()),
            reorder(batch, rate, at, rng()),
            mask(batch, rate, at, rng()),
            substitute(batch, rate, at, neighbours(), rng()),
            insert(batch, rate, at, neighbours(), rng()),
        )
    ]


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), rates, st.integers(0, 5))
def test_on_uniform_sequences_smallest_and_largest_are_the_same_places(lengths, rate, gap):
    uniform = batch_of(*[(range(1, length + 1), gap * np.arange(length + 1)) for length in lengths])
    assert by_every_operator(uniform, rate, "smallest") == by_every_operator(uniform, rate, "largest")
    assert (uniformity.plain_std(uniform) == 0).all()
    assert (uniformity.crop_std(uniform, rate, "smallest", rng()) == 0).all()


@settings(max_examples=50)
@given(batches(), rates, st.sampled_from(["smallest", "largest"]), st.integers(2, 90))
def test_only_the_proportions_of_the_gaps_count(batch, rate, at, factor):
    slower = replace(batch, gaps=batch.gaps * factor)
    assert by_every_operator(batch, rate, at) == by_every_operator(slower, rate, at)


@settings(max_examples=50)
@given(batches(), rates, st.sampled_from(["smallest", "largest"]), st.integers(0, 99))
def test_masking_at_gaps_and_reordering_twice_reach_no_further_than_once(batch, rate, at, seed):
    masked = mask(batch, rate, at, rng(seed))
    again = mask(replace(batch, items=masked.items), rate, at, rng(seed + 1))
    np.testing.assert_array_equal(again.items, masked.items)

    once = reorder(batch, rate, at, rng(seed))
    twice = reorder(replace(batch, items=once.items), rate, at, rng(seed + 1))
    start = window_starts(batch, (rate * batch.lengths).astype(int), at, rng(seed))
    for row, (before, after, total) in enumerate(zip(batch.items, twice.items, batch.lengths, strict=True)):
        inside = slice(start[row], start[row] + int(rate * total))
        assert sorted(after) == sorted(before)
        assert np.array_equal(np.delete(after, inside), np.delete(before, inside)) or int(rate * total) < 2


def test_an_insertion_in_the_middle_of_the_largest_gap_gives_the_worked_variance():
    assert uniformity.plain_std(sequence_a())[0] ** 2 == pytest.approx(46.122449)
    assert uniformity.insert_std(sequence_a(), 0.01, "largest", rng())[0] ** 2 == pytest.approx(18.25)


@settings(max_examples=50)
@given(batches(), rates, positions, st.integers(0, 99))
def test_interval_deviations_of_views_agree_with_numpy(batch, rate, at, seed):
    cropped = crop(batch, rate, at, rng(seed))
    hidden = mask(batch, rate, at, rng(seed))
    crop_std = uniformity.crop_std(batch, rate, at, rng(seed))
    mask_std = uniformity.mask_std(batch, rate, at, rng(seed))
    for row, (total, known) in enumerate(zip(batch.lengths, batch.gap_counts, strict=True)):
        days = np.concatenate([[0], np.cumsum(batch.gaps[row, :known])])
        kept = cropped.items[row, : cropped.lengths[row]] - 1
        if int(rate * total) > 2 and at != "random":
            assert crop_std[row] == pytest.approx(np.std(np.diff(days[kept])))
        visible = [place for place in range(total) if hidden.items[row, place] != 0]
        moments = days[sorted({*visible, known})]
        assert mask_std[row] == pytest.approx(np.std(np.diff(moments)) if len(moments) > 1 else 0)


def test_the_three_positions_of_crop_and_insert_are_ordered_on_bursty_times():
    gaps = np.where(rng(1).random((500, 20)) < 0.6, 1, rng(2).exponential(90, (500, 20)).astype(int))
    bursty = batch_of(*[(range(1, 21), np.concatenate([[0], np.cumsum(row)])) for row in gaps])
    for std, order in (
        (uniformity.crop_std, ("smallest", "random", "largest")),
        (uniformity.insert_std, ("largest", "random", "smallest")),
    ):
        means = [std(bursty, 0.5, at, rng()).mean() for at in order]
        assert means == sorted(means)
        assert means[0] < means[1] < means[2]
    assert uniformity.insert_std(bursty, 0.5, "largest", rng()).mean() < uniformity.plain_std(bursty).mean()
