from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.interactions import Interactions, from_events, k_core

events = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"), st.integers(0, 5)), min_size=1, max_size=60
)


def build(rows) -> Interactions:
    users, items, times = zip(*rows, strict=True)
    return from_events(users, items, np.array(times))


@given(events)
def test_events_are_ordered_like_a_stable_sort_of_each_users_rows(rows):
    found = build(rows)
    table = pd.DataFrame(rows, columns=["user", "item", "time"])
    order = {user: number for number, user in enumerate(table.user.unique())}
    expected = table.assign(number=table.user.map(order)).sort_values(["number", "time"], kind="stable")
    assert found.user_ids[found.user].tolist() == expected.user.tolist()
    assert found.item_ids[found.item - 1].tolist() == expected.item.tolist()
    assert found.time.tolist() == expected.time.tolist()


@given(events)
def test_users_count_from_0_and_items_from_1_in_order_of_first_appearance(rows):
    found = build(rows)
    assert found.user_ids.tolist() == list(dict.fromkeys(user for user, _, _ in rows))
    assert found.item_ids.tolist() == list(dict.fromkeys(item for _, item, _ in rows))
    assert (found.user.dtype, found.item.dtype, found.time.dtype) == (np.int64, np.int64, np.int64)
    assert (found.users, found.items, len(found)) == (len(found.user_ids), len(found.item_ids), len(rows))
    assert np.array_equal(np.repeat(np.arange(found.users), found.lengths), found.user)


def slow_core(rows, minimum):
    """Drop one user or item with too few events at a time; the k-core does not depend on the order."""
    rows = list(rows)
    while True:
        counts = Counter(("user", user) for user, _, _ in rows) + Counter(("item", item) for _, item, _ in rows)
        short = next((key for key, count in counts.items() if count < minimum), None)
        if short is None:
            return rows
        rows = [row for row in rows if row[0 if short[0] == "user" else 1] != short[1]]


@given(events, st.integers(0, 4))
def test_the_core_is_what_dropping_one_by_one_leaves(rows, minimum):
    found = k_core(build(rows), minimum)
    expected = slow_core(rows, minimum)
    left = zip(found.user_ids[found.user], found.item_ids[found.item - 1], found.time.tolist(), strict=True)
    assert sorted(left) == sorted(expected)
    if len(found):
        assert set(found.user) == set(range(found.users))
        assert set(found.item) == set(range(1, found.items + 1))


def test_the_core_keeps_order_ratings_and_published_ids():
    found = Interactions(
        user=np.array([0, 0, 1, 2, 2]),
        item=np.array([7, 3, 3, 3, 7]),
        time=np.array([1, 1, 5, 2, 9]),
        rating=np.array([1, 2, 3, 4, 5], dtype=np.float32),
        user_ids=np.array([10, 20, 30]),
    )
    core = k_core(found, 2)
    assert core.user.tolist() == [0, 0, 1, 1]
    assert core.item.tolist() == [2, 1, 1, 2]
    assert core.item_ids.tolist() == [3, 7], "the published ids are kept beside the new ones"
    assert core.user_ids.tolist() == [10, 30]
    assert core.rating.tolist() == [1, 2, 4, 5]
    assert k_core(found, 1) is found


def test_no_event_at_all_is_a_valid_state():
    empty = k_core(build([("a", "x", 1)]), 2)
    assert (len(empty), empty.users, empty.items, empty.lengths.tolist()) == (0, 0, 0, [])
