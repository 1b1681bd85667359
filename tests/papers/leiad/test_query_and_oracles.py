"""What is asked next, who answers, and what windows are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.leiad import oracles, query
from tenfold.papers.leiad.settings import OracleSettings
from tenfold.papers.leiad.state import Query
from tests.papers.leiad.made_up import made_up_pool, votes_of


def test_binary_entropy_has_the_values_of_the_card():  # 12.5
    assert query.binary_entropy(np.array([0.0, 1.0, 0.25, 0.5])) == pytest.approx([0, 0, 0.562335, 0.693147], abs=1e-6)


def test_the_query_score_has_the_values_of_the_card():  # 12.6
    votes = votes_of(np.array([[1, 0, -1], [1, 1, 0], [-1, -1, -1], [0, 0, 1], [1, 1, 1]]))
    representations = np.array([[1, 0], [0, 1], [0.5, 0.5], [-1, 0], [0.2, 0.1]])
    gold = np.array([-1, -1, -1, -1, 0])
    diverse = query.diversity(representations, gold)
    assert diverse == pytest.approx([0.8, 0.9, 0.85, 1.2, 0.95])
    scores, prior = np.array([0.5, 0.9, 0.01, 0.3, 0.99]), np.array([0.2, 0.6, 0.1, 0.4, 0.9])
    found = query.leiad_scores(votes, scores, diverse, prior, (1, 0.5, 0.5, 1, 0.2))
    assert found == pytest.approx([1.775000, 1.504457, 0.625000, 2.428724, 0.575000], abs=1e-6)
    assert query.highest(found, gold, 5, np.random.default_rng(0)).tolist() == [3, 0, 1, 2]


def test_nothing_is_diverse_before_any_label():
    assert (query.diversity(np.ones((3, 2)), np.full(3, -1)) == 0).all()


def test_labelled_points_are_left_out_and_ties_are_broken_at_random():
    gold, generator = np.array([-1, 0, -1, -1, 1]), np.random.default_rng(0)
    firsts = [query.highest(np.array([1.0, 9.0, 2.0, 2.0, 9.0]), gold, 2, generator).tolist() for _ in range(200)]
    assert sorted(firsts[0]) == [2, 3]
    assert 60 < sum(first == [2, 3] for first in firsts) < 140
    assert query.highest(np.array([1.0, 9.0, 2.0, 2.0, 9.0]), gold, 5, generator).tolist()[-1] == 0
    assert query.highest(np.zeros(5), np.zeros(5, dtype=int), 2, generator).tolist() == []


def test_windows_are_clipped_to_their_series():  # 13.11
    pool = made_up_pool(series=3, length=50)
    assert pool.window(49, 20) == slice(29, 50)
    assert pool.window(50, 20) == slice(50, 70)
    assert pool.window(75, 20) == slice(55, 95)
    assert pool.series_of(49) == 0
    assert pool.series_of(50) == 1


# ------------------------------------------------------------------------------------------------ oracles

LABELS = st.lists(st.integers(0, 1), min_size=6, max_size=60).map(lambda one: np.array(one, dtype=np.int8))


def offsets_of(labels):
    return np.array([0, len(labels) // 3, len(labels) // 2, len(labels)])


@given(LABELS)
def test_runs_cover_the_anomalies_and_cross_no_boundary(labels):
    offsets = offsets_of(labels)
    covered = np.zeros_like(labels)
    for start, stop in oracles.runs(labels, offsets):
        assert stop > start
        assert np.searchsorted(offsets, start, side="right") == np.searchsorted(offsets, stop - 1, side="right")
        covered[start:stop] += 1
    assert (covered == labels).all()


@given(LABELS)
def test_without_errors_every_user_is_the_perfect_one(labels):
    offsets, generator = offsets_of(labels), np.random.default_rng(0)
    for settings in (
        OracleSettings(),
        OracleSettings(kind="noisy", miss=0, invent=0),
        OracleSettings(kind="coarse", jitter=0),
    ):
        assert (oracles.beliefs(labels, offsets, settings, generator) == labels).all()


@given(LABELS, st.integers(0, 100))
def test_a_noisy_user_who_misses_all_and_invents_nothing_marks_nothing(labels, seed):
    settings = OracleSettings(kind="noisy", miss=1, invent=0)
    assert not oracles.beliefs(labels, offsets_of(labels), settings, np.random.default_rng(seed)).any()


def test_a_noisy_user_misses_runs_and_invents_some_as_often_as_said():
    labels = np.zeros(400_000, dtype=np.int8)
    labels[100::400] = 1
    labels[101::400] = 1
    settings = OracleSettings(kind="noisy", miss=0.2, invent=0.1, stretch=400)
    found = oracles.beliefs(labels, np.array([0, len(labels)]), settings, np.random.default_rng(0))
    assert found[100::400].mean() == pytest.approx(0.8, abs=0.05)
    assert (found & ~labels & 1).sum() / 2 == pytest.approx(100, abs=30)


@given(LABELS, st.integers(1, 5), st.integers(0, 100))
def test_a_coarse_user_is_off_by_at_most_the_jitter_and_misses_no_run(labels, jitter, seed):
    offsets = offsets_of(labels)
    settings = OracleSettings(kind="coarse", jitter=jitter)
    found = oracles.beliefs(labels, offsets, settings, np.random.default_rng(seed))
    near = np.zeros_like(labels)
    for start, stop in oracles.runs(labels, offsets):
        series = np.searchsorted(offsets, start, side="right") - 1
        low, high = max(start - jitter, offsets[series]), min(stop + jitter, offsets[series + 1])
        near[low:high] = 1
        assert found[low:high].any()
    assert not (found & (1 - near)).any()


def test_marks_are_those_inside_the_window():
    beliefs = np.array([1, 0, 0, 1, 1, 0, 1])
    assert oracles.marked(beliefs, Query(0, 3, 2, 6, 0, 0)).tolist() == [3, 4]
