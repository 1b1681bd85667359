"""A whole loop with a simulated user, and the same windows shown again to methods that learn from them otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from tenfold.papers.leiad import end_model, measuring
from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.labelling import flyingsquid, label_model, majority
from tenfold.papers.leiad.labelling.initial import initial_functions
from tenfold.papers.leiad.labelling.votes import ABSTAIN, LabellingFunction, Votes
from tenfold.papers.leiad.oracles import beliefs, marked
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.pools import arrays_of_series, pools
from tenfold.papers.leiad.settings import Train
from tenfold.training.run import Run


class Resumable:
    """An interaction as a part of a run's checkpoint."""

    def __init__(self, interaction: Interaction) -> None:
        self._interaction = interaction

    def state_dict(self) -> dict[str, Any]:
        """Its arrays as tensors, texts as plain values."""
        arrays = self._interaction.to_arrays()
        return {
            name: array.tolist() if array.dtype.kind == "U" else torch.from_numpy(np.array(array))
            for name, array in arrays.items()
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self._interaction.restore(
            {
                name: value.numpy() if isinstance(value, torch.Tensor) else np.array(value, dtype="U")
                for name, value in state_dict.items()
            }
        )


def simulate(run: Run, seed: int, settings: Train) -> dict[str, np.ndarray]:
    """One loop until its budget is spent; each step of the run's loop is an iteration."""
    pool, test = pools(arrays_of_series(run.job.prepared, seed), run.after.predictions, seed)
    believed = beliefs(pool.labels, pool.offsets, settings.oracle, run.numpy_generator(seed, "user"))
    interaction = Interaction(pool, settings.loop, run.numpy_generator(seed, "loop"), test)
    state = interaction.state
    budget = len(pool) if settings.loop.budget is None else settings.loop.budget
    loop = run.loop(f"seed-{seed}", budget + 1, {"interaction": Resumable(interaction)}, seed=seed)
    for _ in loop:
        shown = interaction.next_query()
        state = interaction.state
        loop.log(**state.curve[-1])
        if shown is None:
            loop.stop()
        while shown is not None:
            interaction.answer(shown, marked(believed, shown))
            shown = interaction.next_query() if state.listed else None
    state = interaction.state
    return {
        "curve": measuring.curve_table(state.curve),
        "test_scores": np.asarray(state.test_scores, dtype=np.float32),
        "gold": state.gold,
        "shown": state.to_arrays()["shown"],
        "functions": measuring.function_counts(state.votes, pool.labels),
        "function_kinds": np.array([function.kind for function in state.votes.functions]),
        "deviation/train": pool.deviation,
        "deviation/test": test.deviation,
        "ceiling": run.after.predictions[f"{seed}/ceiling"],
    }


def replayed(
    arrays: Mapping[str, np.ndarray], finished: Mapping[str, np.ndarray], seed: int
) -> tuple[Pool, Pool, list[tuple[int, np.ndarray]]]:
    """Both pools, without representations, and the user's labels (N,) after each iteration of a finished loop.

    A label never changes once it is set, so those of the end and the windows in order tell those of any time before.
    """
    train, test = (
        Pool.of_series(
            arrays,
            arrays[f"{seed}/{side}_series"],
            np.zeros((len(finished[f"{seed}/deviation/{side}"]), 0), dtype=np.float32),
            finished[f"{seed}/deviation/{side}"],
        )
        for side in ("train", "test")
    )
    final = finished[f"{seed}/gold"]
    iterations = measuring.columns_of(finished[f"{seed}/curve"], "interactions").astype(int)
    moments = []
    for count in iterations:
        gold = np.full(len(final), ABSTAIN, dtype=np.int8)
        for start, stop in finished[f"{seed}/shown"][:count, 2:4]:
            gold[start:stop] = final[start:stop]
        moments.append((int(count), gold))
    return train, test, moments


def replay_gold(run: Run, seed: int, settings: Train) -> dict[str, np.ndarray]:
    """The end model from the user's labels alone, after each iteration of the finished loop (gold-only)."""
    arrays = arrays_of_series(run.job.prepared, seed)
    pool, test, moments = replayed(arrays, run.after.predictions, seed)
    model = end_model.build([pool.inputs, test.inputs], settings.loop.end_model, seed=0)
    curve = []
    scores = [pool.suspicion, test.suspicion]
    for count, gold in moments:
        if (gold == 0).any() and (gold == 1).any():
            rows = np.flatnonzero(gold != ABSTAIN)
            model.fit(rows, gold[rows])
            scores = model.scores()
        curve.append({"interactions": count} | measuring.metrics(pool, test, gold, scores[0], scores[1]))
    return {
        "curve": measuring.curve_table(curve),
        "test_scores": scores[1].astype(np.float32),
        "ceiling": run.after.predictions[f"{seed}/ceiling"],
    }


def replay_votes(run: Run, seed: int, settings: Train) -> dict[str, np.ndarray]:
    """Votes of the initial functions and of one that holds the user's labels, combined, after each iteration.

    On test points, where the user has labelled nothing, the initial functions vote alone, weighed as on the pool.
    """
    arrays = arrays_of_series(run.job.prepared, seed)
    pool, test, moments = replayed(arrays, run.after.predictions, seed)
    test_votes = Votes(len(test))
    for function in initial_functions(test, settings.loop):
        test_votes.append(function)
    curve = []
    scores = np.zeros(0), np.zeros(0)
    for count, gold in moments:
        votes = Votes(len(pool))
        for function in [*initial_functions(pool, settings.loop), *_user_function(gold)]:
            votes.append(function)
        scores = combine(votes, test_votes, settings)
        curve.append({"interactions": count} | measuring.metrics(pool, test, gold, *scores))
    return {
        "curve": measuring.curve_table(curve),
        "test_scores": scores[1].astype(np.float32),
        "ceiling": run.after.predictions[f"{seed}/ceiling"],
    }


def _user_function(gold: np.ndarray) -> Iterator[LabellingFunction]:
    """The labelling function that says what the user said; none before the user has said anything."""
    if (gold != ABSTAIN).any():
        yield LabellingFunction.of_votes("user", "user", 0, gold)


def combine(votes: Votes, test_votes: Votes, settings: Train) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the pool and of the test pool; the first functions of `votes` are those of `test_votes`."""
    if settings.combine == "majority":
        return majority.anomaly_share(votes), majority.anomaly_share(test_votes)
    if settings.combine == "snorkel":
        weights = label_model.weights(label_model.fit(votes, settings.loop.label_model))
    else:
        weights = flyingsquid.weights(votes)
    share = settings.loop.label_model.anomaly_share
    own = weights[: len(test_votes)]
    return label_model.posterior(votes, weights, share), label_model.posterior(test_votes, own, share)
