import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.ticoserec.settings import Operator, Views
from tenfold.papers.ticoserec.similarity import itemcf_iuf, most_similar
from tenfold.papers.ticoserec.views import NUMBER, UNCHANGED, ViewGenerator, train_gaps, unaugmented_users
from tests.papers.ticoserec.sequences import ragged, random_sequences

HISTORIES = [[1, 2, 3], [1, 2], [2, 3]]


def rng(seed=0):
    return np.random.default_rng(seed)


def generator_of(sequences, **settings):
    histories = sequences.train_inputs
    neighbours = most_similar(itemcf_iuf(histories, sequences.item_count), histories)
    return ViewGenerator(sequences, Views(**settings), neighbours, max_length=10)


def rows(table):
    return [table.values[a:b].tolist() for a, b in zip(table.offsets, table.offsets[1:], strict=False)]


def test_similarities_of_the_worked_example():
    table = itemcf_iuf(ragged(HISTORIES), 3).toarray()
    assert table[1, 2] == table[2, 1] == pytest.approx(0.666093, abs=1e-6)
    assert table[2, 3] == table[3, 2] == pytest.approx(0.666093, abs=1e-6)
    assert table[1, 3] == table[3, 1] == pytest.approx(0.360674, abs=1e-6)
    assert not table.diagonal().any()


def test_repeated_items_of_a_user_count_once():
    repeated = [[1, 2, 3, 1, 1], [1, 2, 2], [2, 3]]
    np.testing.assert_allclose(itemcf_iuf(ragged(repeated), 3).toarray(), itemcf_iuf(ragged(HISTORIES), 3).toarray())


@given(st.lists(st.lists(st.integers(1, 8), min_size=1, max_size=6), min_size=1, max_size=8))
def test_similarity_agrees_with_a_double_loop_and_neighbours_are_its_maxima(histories):
    held = [set(history) for history in histories]
    table = itemcf_iuf(ragged(histories), 8).toarray()
    nearest = most_similar(itemcf_iuf(ragged(histories), 8), ragged(histories))
    for i in range(1, 9):
        for j in range(1, 9):
            both = [1 / np.log(1 + len(own)) for own in held if i in own and j in own and i != j]
            users = [sum(item in own for own in held) for item in (i, j)]
            assert table[i, j] == pytest.approx(sum(both) / np.sqrt(users[0] * users[1]) if both else 0)
        assert nearest.score[i] == pytest.approx(table[i].max())
        assert nearest.item[i] == (np.flatnonzero(np.isclose(table[i], table[i].max()))[0] if table[i].any() else 0)


def test_sigma_leaves_the_most_uniform_share_as_it_is():
    variance = np.array([5.0, 0.0, 3.0, 0.0, 9.0])
    assert unaugmented_users(variance, 0.0).tolist() == [False] * 5
    assert unaugmented_users(variance, 0.5).tolist() == [False, True, False, True, False]
    assert unaugmented_users(variance, 1.0).all()


def test_with_sigma_one_both_views_are_the_plain_sequence():
    sequences = random_sequences()
    for view in generator_of(sequences, keep_uniform=1.0).draw(2, rng()):
        assert rows(view) == rows(sequences.train_inputs.last(10))


def test_with_sigma_zero_every_user_gets_an_operator():
    views = generator_of(random_sequences(), keep_uniform=0.0)
    assert UNCHANGED not in views.operators_of_users(rng())


def test_short_sequences_get_only_the_operators_of_the_short_set():
    sequences = random_sequences(users=400)
    views = generator_of(sequences, keep_uniform=0.0, short_length=12)
    drawn = np.array([views.operators_of_users(rng(seed)) for seed in range(20)])
    short = sequences.train_inputs.lengths <= 12
    assert set(drawn[:, short].ravel()) == {NUMBER[name] for name in ("substitute", "insert", "mask")}
    assert set(drawn[:, ~short].ravel()) == set(NUMBER.values())
    share = np.bincount(drawn[:, ~short].ravel()) / drawn[:, ~short].size
    np.testing.assert_allclose(share, 0.2, atol=0.05)


@pytest.mark.parametrize("name", list(NUMBER))
def test_every_user_gets_the_view_of_their_own_sequence(name):
    sequences = random_sequences(users=60, items=500, longest=60)
    only = {"short": [name], "long": [name], "keep_uniform": 0.0, name: Operator(rate=0.3, at="smallest")}
    first, second = generator_of(sequences, **only).draw(2, rng())
    for view in (first, second):
        assert (view.lengths <= 10).all()
        for own, seen in zip(rows(sequences.train_inputs), rows(view), strict=True):
            kept = sum(item in own for item in seen)
            assert kept >= {"mask": 0.6, "substitute": 0.6, "insert": 0.6}.get(name, 1.0) * len(seen) - 1


def test_the_two_views_of_a_user_are_drawn_independently():
    views = generator_of(random_sequences(users=300), keep_uniform=0.0)
    first, second = views.draw(2, rng())
    differ = np.mean([a != b for a, b in zip(rows(first), rows(second), strict=True)])
    assert 0.5 < differ < 1.0


def test_views_follow_from_the_generator_alone():
    views = generator_of(random_sequences())
    once, again, other = (views.draw(2, rng(seed)) for seed in (1, 1, 2))
    assert [rows(view) for view in once] == [rows(view) for view in again] != [rows(view) for view in other]


def test_gaps_reach_to_the_last_training_target_in_whole_days():
    sequences = random_sequences()
    gaps = train_gaps(sequences)
    assert np.array_equal(gaps.lengths, sequences.train_inputs.lengths)
    first = sequences.times.values[: sequences.items.lengths[0]]
    assert rows(gaps)[0] == (np.diff(first[:-2]) // 86_400).tolist()
