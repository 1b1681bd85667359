"""The loop: its order, its invariants (card 12.16), and that it goes on where it stopped."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.oracles import marked
from tenfold.papers.leiad.state import State
from tests.papers.leiad.made_up import made_up_pool, settings

ARMS = {
    "leiad": {},
    "random": {"query": {"strategy": "random", "reach": 10}},
    "windows": {"generation": {"window_votes": True}},
    "published": {"generation": {"representation": "published"}},
    "no-detectors": {"detectors": False},
    "uncertainty": {"labels": "gold", "query": {"strategy": "uncertainty", "listed": 1, "reach": 10}},
    "most-anomalous": {"labels": "gold", "query": {"strategy": "most-anomalous", "listed": 1, "reach": 10}},
    "committee": {"labels": "gold", "query": {"strategy": "committee", "listed": 1, "reach": 10}},
}


def interact(arm="leiad", pool=None, answers=None, seed=3, **changes):
    """A whole loop with a perfect user; `answers` are labels to answer by, where they are not the pool's."""
    pool = pool or made_up_pool()
    truth = pool.labels if answers is None else answers
    loop = Interaction(pool, settings(**ARMS[arm], **changes), np.random.default_rng(seed), made_up_pool(1))
    while (query := loop.next_query()) is not None:
        loop.answer(query, marked(truth, query))
    return loop


@pytest.mark.parametrize("arm", ARMS)
def test_all_arms_show_as_many_windows_and_measure_after_each_iteration(arm):
    loop = interact(arm)
    assert loop.state.interactions == len(loop.state.shown) == 12
    steps = [int(row["interactions"]) for row in loop.curve]
    assert steps[0] == 0
    assert steps[-1] == 12
    assert all(1 <= after - before <= 5 for before, after in itertools.pairwise(steps))
    assert loop.scores.shape == (len(loop.pool),)
    assert np.isfinite(loop.scores).all()


@pytest.mark.parametrize("arm", ARMS)
def test_labels_stay_and_no_labelled_point_is_asked_for(arm):
    pool = made_up_pool()
    loop = Interaction(pool, settings(**ARMS[arm]), np.random.default_rng(0))
    before = loop.state.gold.copy()
    while (query := loop.next_query()) is not None:
        assert loop.state.gold[query.centre] == -1
        assert loop.next_query() == query  # the same until it is answered
        assert pool.offsets[query.series] <= query.start <= query.centre < query.stop <= pool.offsets[query.series + 1]
        loop.answer(query, marked(pool.labels, query))
        known = before >= 0
        assert (loop.state.gold[known] == before[known]).all()
        window = slice(query.start, query.stop)
        assert (loop.state.gold[window] == pool.labels[window]).all()
        before = loop.state.gold.copy()


def test_an_iteration_ends_with_the_first_anomaly_or_with_the_list():
    shown = interact(budget=30).state.shown
    for iteration in {one.query.iteration for one in shown[:-5]}:
        own = [one for one in shown if one.query.iteration == iteration]
        assert all(one.anomalies == 0 for one in own[:-1])
        assert len(own) <= 5


def test_the_loop_ends_when_the_pool_is_used_up():
    loop = interact(pool=made_up_pool(series=2, length=40), budget=None)
    assert (loop.state.gold == loop.pool.labels).all()
    assert loop.next_query() is None


def test_generated_functions_say_what_the_user_said_inside_the_window():
    loop = interact(budget=25)
    by_iteration = {}
    for one in loop.state.shown:
        by_iteration[one.query.iteration + 1] = one
    dense, checked = loop.state.votes.dense(), 0
    for column, function in enumerate(loop.state.votes.functions):
        if function.kind in ("representation", "statistics"):
            query = by_iteration[function.iteration].query
            window = slice(query.start, query.stop)
            assert (dense[window, column] == loop.pool.labels[window]).all()
            assert (dense[:, column] == 0).sum() == (loop.pool.labels[window] == 0).sum()
            checked += 1
    assert checked > 4
    assert {function.kind for function in loop.state.votes.functions} >= {"initial", "gold-model"}


def test_without_the_generator_each_iteration_adds_its_last_window():
    loop = interact("windows")
    functions = [f for f in loop.state.votes.functions if f.kind == "window"]
    assert len(functions) == loop.state.iteration
    assert all(len(f.normal) + len(f.anomalous) <= 20 for f in functions)


def test_labels_of_the_pool_are_measured_and_never_learnt_from():
    pool = made_up_pool()
    turned = replace(pool, labels=np.random.default_rng(9).integers(0, 2, len(pool)).astype(np.int8))
    for arm in ("leiad", "no-detectors", "uncertainty", "committee"):
        first, second = interact(arm, pool), interact(arm, turned, answers=pool.labels)
        assert first.state.shown == second.state.shown
        assert (first.scores == second.scores).all()


def test_labels_may_be_unknown():
    pool = made_up_pool()
    unknown = replace(pool, labels=np.full(len(pool), -1, dtype=np.int8))
    loop = interact("leiad", unknown, answers=pool.labels)
    assert set(loop.curve[-1]) == {"iteration", "interactions", "labelled", "anomalies", "functions", "majority"}


def test_the_first_iteration_does_not_depend_on_the_user():
    other = 1 - made_up_pool().labels
    assert interact().curve[0] == interact(answers=other).curve[0]


def test_methods_without_pseudo_labels_share_their_first_scores():
    first = [interact(arm).curve[0] for arm in ("uncertainty", "most-anomalous", "committee")]
    assert first[0] == first[1] == first[2]


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("stop", [2, 7])
def test_a_saved_loop_goes_on_as_if_it_had_not_been_saved(arm, stop, tmp_path):
    expected = interact(arm)
    pool = made_up_pool()
    loop = Interaction(pool, settings(**ARMS[arm]), np.random.default_rng(3), made_up_pool(1))
    for _ in range(stop):
        query = loop.next_query()
        loop.answer(query, marked(pool.labels, query))
    loop.next_query()
    np.savez(tmp_path / "saved.npz", **loop.to_arrays())
    resumed = Interaction(pool, settings(**ARMS[arm]), np.random.default_rng(3), made_up_pool(1))
    with np.load(tmp_path / "saved.npz") as saved:
        resumed.restore(saved)
    while (query := resumed.next_query()) is not None:
        resumed.answer(query, marked(pool.labels, query))
    assert resumed.state.shown == expected.state.shown
    assert (resumed.scores == expected.scores).all()
    assert json.dumps(resumed.curve) == json.dumps(expected.curve)


def test_a_state_survives_its_arrays():
    state = interact().state
    again = State.from_arrays(state.to_arrays())
    assert again.shown == state.shown
    assert again.curve == state.curve
    assert (again.votes.dense() == state.votes.dense()).all()
    for name in ("gold", "scores", "label_scores", "test_scores"):
        assert (getattr(again, name) == getattr(state, name)).all()


def test_permuting_the_series_changes_nothing_but_places():
    pool = made_up_pool(series=6)
    order = np.array([4, 0, 5, 2, 1, 3])
    points = np.concatenate([np.arange(pool.offsets[s], pool.offsets[s + 1]) for s in order])
    per_point = ("timestamps", "values", "labels", "scores", "features", "representations", "deviation")
    moved = replace(
        pool, names=tuple(pool.names[s] for s in order), **{name: getattr(pool, name)[points] for name in per_point}
    )
    first, second = interact(pool=pool, budget=3), interact(pool=moved, budget=3)

    def names(loop):
        return [
            (loop.pool.names[one.query.series], one.query.start - loop.pool.offsets[one.query.series])
            for one in loop.state.shown
        ]

    assert names(first) == names(second)


def test_the_wrong_window_and_points_outside_it_are_refused():
    loop = Interaction(made_up_pool(), settings(), np.random.default_rng(0))
    query = loop.next_query()
    with pytest.raises(ValueError, match="outside the window"):
        loop.answer(query, np.array([query.stop]))
    with pytest.raises(ValueError, match="not the one"):
        loop.answer(replace(query, centre=query.centre + 1), np.array([]))
    with pytest.raises(ValueError, match="the pool has"):
        loop.restore(Interaction(made_up_pool(series=2), settings(), np.random.default_rng(0)).to_arrays())


def test_summaries_say_what_the_functions_do():
    loop = interact()
    for summary, function in zip(loop.labelling_functions(), loop.state.votes.functions, strict=True):
        assert summary.anomalous == len(function.anomalous)
        assert summary.coverage == (summary.anomalous + summary.normal) / len(loop.pool)
    generated = [one for one in loop.labelling_functions() if one.kind == "statistics"]
    assert all(one.agreement > 0.5 for one in generated)


def test_the_switch_to_votes_is_for_good():
    share = 1e-320  # so small that a few votes for normal make the posterior 0
    with np.errstate(over="ignore"):
        loop = interact(budget=20, label_model={"anomaly_share": share})
    switched = [int(row["majority"]) for row in loop.curve]
    assert switched == sorted(switched)
    assert switched[-1] == 1
