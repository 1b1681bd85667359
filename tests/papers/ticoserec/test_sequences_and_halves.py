import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.ticoserec.halves import halves, same_day
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences
from tests.papers.ticoserec.sequences import ragged, random_sequences

seeds = st.integers(0, 200)


def one_user():
    times = ragged([[0, 86_400, 86_400, 200_000, 600_000, 600_001, 999_999]])
    return Sequences(ragged([[3, 1, 4, 1, 5, 9, 2]]), times, 9)


def test_leave_one_out_of_a_worked_sequence():
    sequences = one_user()
    assert sequences.train_inputs.values.tolist() == [3, 1, 4, 1]
    assert sequences.train_targets.values.tolist() == [1, 4, 1, 5]
    assert sequences.train_times.values.tolist() == [0, 86_400, 86_400, 200_000, 600_000]
    assert sequences.history("valid").values.tolist() == [3, 1, 4, 1, 5]
    assert sequences.targets("valid").tolist() == [9]
    assert sequences.history("test").values.tolist() == [3, 1, 4, 1, 5, 9]
    assert sequences.targets("test").tolist() == [2]


@given(seeds)
def test_users_of_a_subset_keep_their_sequences_under_new_item_ids(seed):
    sequences = random_sequences(seed, items=100)
    users = np.random.default_rng(seed).permutation(len(sequences))[:7]
    part = sequences.of_users(users)
    old = sequences.items.take(users).values
    assert part.item_count == len(set(old)) == part.items.values.max()
    assert len(set(zip(old, part.items.values, strict=True))) == part.item_count
    assert np.array_equal(part.times.values, sequences.times.take(users).values)
    np.testing.assert_allclose(part.variance, sequences.variance[users])


@given(seeds)
def test_halves_split_the_users_in_order_of_variance(seed):
    sequences = random_sequences(seed)
    cut = halves(sequences, np.random.default_rng(seed))
    for first, second in (
        ("uniform-users", "nonuniform-users"), ("uniform-interactions", "nonuniform-interactions"),
        ("random-a", "random-b"),
    ):  # fmt: skip
        assert sorted([*cut[first], *cut[second]]) == list(range(len(sequences)))
    for name in ("users", "interactions"):
        uniform, other = cut[f"uniform-{name}"], cut[f"nonuniform-{name}"]
        assert sequences.variance[uniform].max() <= sequences.variance[other].min()
    lengths = sequences.items.lengths
    rest = lengths[cut["nonuniform-interactions"]].sum()
    assert rest <= lengths.sum() / 2 < rest + lengths[cut["uniform-interactions"]].max()


@given(seeds)
def test_matched_halves_have_the_same_lengths_and_ordered_variances(seed):
    sequences = random_sequences(seed, users=60, longest=9)
    cut = halves(sequences, np.random.default_rng(seed))
    uniform, other = cut["uniform-matched"], cut["nonuniform-matched"]
    lengths = sequences.items.lengths
    assert sorted(lengths[uniform]) == sorted(lengths[other])
    assert not set(uniform) & set(other)
    assert len(uniform) + len(other) > len(sequences) - len(set(lengths)) - 1
    for length in set(lengths[uniform]):
        of_length = lambda users, length=length: sequences.variance[users[lengths[users] == length]]  # noqa: E731
        assert of_length(uniform).max() <= of_length(other).min()


def test_same_day_looks_at_the_test_item_and_the_one_before():
    days = ragged([[0, 0, 0, 86_400, 86_401], [0, 0, 0, 0, 86_400]])
    sequences = Sequences(Ragged(np.ones(10, dtype=int), days.offsets), days, 1)
    assert same_day(sequences).tolist() == [True, False]


@pytest.mark.parametrize("factor", [1, 60])
def test_the_order_of_users_does_not_depend_on_the_unit_of_time(factor):
    sequences = random_sequences(3)
    scaled = Sequences(sequences.items, Ragged(sequences.times.values * factor, sequences.times.offsets), 30)
    assert np.array_equal(np.argsort(sequences.variance, kind="stable"), np.argsort(scaled.variance, kind="stable"))
