"""Replays see the same windows and labels as the loop they follow."""

import numpy as np
import pytest

from tenfold.papers.leiad import end_model, measuring, simulation
from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.oracles import marked
from tenfold.papers.leiad.settings import Train
from tests.papers.leiad.made_up import made_up_pool, settings, votes_of


@pytest.fixture(scope="module")
def finished():
    """A loop, with the user's labels after each of its iterations."""
    pool, moments = made_up_pool(), []
    loop = Interaction(pool, settings(), np.random.default_rng(1), made_up_pool(1))
    while (query := loop.next_query()) is not None:
        if len(loop.curve) > len(moments):
            moments.append((loop.state.interactions, loop.state.gold.copy()))
        loop.answer(query, marked(pool.labels, query))
    moments.append((loop.state.interactions, loop.state.gold.copy()))
    return loop, moments


def arrays_and_predictions(loop):
    pool, test = loop.pool, loop.test
    both = {
        "names": np.array([*pool.names, *test.names]),
        "offsets": np.concatenate([pool.offsets, len(pool) + test.offsets[1:]]),
        "detector_names": np.array(pool.detectors),
        "0/train_series": np.arange(8),
        "0/test_series": np.arange(8, 16),
    }
    both |= {
        name: np.concatenate([getattr(pool, name), getattr(test, name)])
        for name in ("timestamps", "values", "labels", "scores", "features")
    }
    predictions = {
        "0/curve": measuring.curve_table(loop.curve),
        "0/gold": loop.state.gold,
        "0/shown": loop.state.to_arrays()["shown"],
        "0/deviation/train": pool.deviation,
        "0/deviation/test": test.deviation,
    }
    return both, predictions


def test_labels_of_every_iteration_are_told_by_the_windows_and_the_last_labels(finished):
    loop, moments = finished
    pool, test, found = simulation.replayed(*arrays_and_predictions(loop), 0)
    assert [count for count, _ in found] == [count for count, _ in moments]
    for (_, gold), (_, expected) in zip(found, moments, strict=True):
        assert (gold == expected).all()
    assert (pool.inputs == loop.pool.inputs).all()
    assert (test.initial_scores == loop.test.initial_scores).all()


def test_with_all_labels_the_gold_only_model_is_the_supervised_one():  # 12.16
    pool = made_up_pool()
    chosen = settings(labels="gold", budget=None, query={"strategy": "random", "listed": 1, "reach": 60})
    loop = Interaction(pool, chosen, np.random.default_rng(0), made_up_pool(1))
    while (query := loop.next_query()) is not None:
        loop.answer(query, marked(pool.labels, query))
    supervised = end_model.build([pool.inputs, loop.test.inputs], chosen.end_model, seed=0)
    supervised.fit(np.arange(len(pool)), pool.labels)
    assert (loop.state.test_scores == supervised.scores()[1]).all()


@pytest.mark.parametrize("combine", ["snorkel", "majority", "flyingsquid"])
def test_votes_combined_follow_better_votes(combine):
    generator = np.random.default_rng(0)
    truth = (generator.random(4000) < 0.1).astype(int)
    votes = np.where(generator.random((4000, 5)) < 0.15, 1 - truth[:, None], truth[:, None])
    votes[generator.random(votes.shape) < 0.3] = -1
    both = votes_of(votes), votes_of(votes[:1000])
    scores, test = simulation.combine(*both, Train.model_validate({"combine": combine}))
    assert measuring.pair("", scores, truth)["_auc"] > 0.9
    assert test == pytest.approx(scores[:1000])


def test_the_user_is_a_labelling_function_once_something_is_labelled():
    assert list(simulation._user_function(np.full(4, -1))) == []
    (function,) = simulation._user_function(np.array([-1, 0, 1, -1]))
    assert (function.normal.tolist(), function.anomalous.tolist()) == ([1], [2])
