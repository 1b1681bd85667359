"""The empirical study: the same model trained and tested on uniform, non-uniform and control halves (claim C1)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.halves import halves, same_day
from tenfold.papers.ticoserec.methods.cooccurrence import cooccurrence_ranks
from tenfold.papers.ticoserec.methods.sasrec import new_fit, next_item, train_and_select
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.training.run import Run


def run_halves_cooccurrence(run: Run, settings: Train) -> None:
    """The co-occurrence model on each half, with the share of same-day targets there."""
    sequences = Sequences.from_arrays(run.data)
    seed = run.seeds[0]
    predictions: dict[str, np.ndarray] = {}
    for name, half in _wanted(run, settings, sequences, seed).items():
        predictions[f"{seed}/{name}/rank"] = cooccurrence_ranks(half, "test", settings.cooccurrence)
        predictions[f"{seed}/{name}/same-day"] = same_day(half)
    run.save_predictions(predictions | _both_random_halves(predictions, seed))


def run_halves_sasrec(run: Run, settings: Train) -> None:
    """SASRec from its first epoch on each half, selected on the half's own validation targets."""
    sequences = Sequences.from_arrays(run.data)
    predictions: dict[str, np.ndarray] = {}
    for seed in run.seeds:
        for name, half in _wanted(run, settings, sequences, seed).items():
            fit = new_fit(run, settings, half, seed)
            train_and_select(fit, next_item(fit, seed), seed, f"seed-{seed}-{name}", after=0)
            predictions[f"{seed}/{name}/rank"] = fit.ranks("test")
        predictions |= _both_random_halves(predictions, seed)
    run.save_predictions(predictions)


def _wanted(run: Run, settings: Train, sequences: Sequences, seed: int) -> dict[str, Sequences]:
    """The halves that the settings name, each a data set of its own."""
    users = halves(sequences, run.numpy_generator(seed, "halves"))
    return {name: sequences.of_users(users[name]) for name in settings.halves}


def _both_random_halves(predictions: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """What was measured on the two halves of the random cut, as one split `random`: its mean is theirs."""
    joined = {}
    for name in predictions:
        start, split, what = name.split("/")
        if start == str(seed) and split == "random-a" and f"{seed}/random-b/{what}" in predictions:
            joined[f"{seed}/random/{what}"] = np.concatenate(
                [predictions[name], predictions[f"{seed}/random-b/{what}"]]
            )
    return joined
