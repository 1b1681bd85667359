"""Networks on cached taps: members for seeds, arms and label units, and the choice of the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tenfold.metrics.correlation import spearman
from tenfold.papers.pmtiqa.settings import Schedule, Train
from tenfold.papers.pmtiqa.splits import TRAINING_SHARE, split_units
from tenfold.papers.pmtiqa.training.stacked import Member, train_stack
from tenfold.training.run import Run

ARMS = {
    "regression-only": Schedule(name="fixed", regression=1, classification=0),
    "progressive": Schedule(name="progressive"),
}


def train_networks(run: Run, settings: Train) -> None:
    """Train every seed.

    Predictions: `<seed>/test` (n,), places of the test images, and under `<seed>/` (in a label-unit study
    `<seed>/<arm>/<factor>/`) `scores` (T, n), `losses` (T, 2) and `rate`.
    """
    members = with_chosen_rates(run, settings, planned_members(run, settings))
    study = settings.arms is not None
    found = train_stack(run, settings, members, "networks", share=TRAINING_SHARE, log=not study)
    predictions: dict[str, np.ndarray] = {}
    for number, member in enumerate(members):
        key = f"{member.seed}/{member.arm}/{member.factor:g}" if study else f"{member.seed}"
        predictions[f"{member.seed}/test"] = member.test
        predictions[f"{key}/scores"] = found.scores[number]
        predictions[f"{key}/losses"] = found.losses[number]
        predictions[f"{key}/rate"] = np.array(member.rate)
    run.save_predictions(predictions)
    if not study:
        run.save_model({str(member.seed): state for member, state in zip(members, found.states, strict=True)})


def split_of(run: Run, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the training and of the test images of a seed, the same for every method."""
    trains = split_units(run.data["units"], run.numpy_generator(seed, "split"))
    return np.flatnonzero(trains), np.flatnonzero(~trains)


def held_out_split(run: Run, settings: Train, seed: int, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The training images of a seed once more divided by reference: to train on, and to choose by."""
    share = 1 - settings.optimisation.held_out
    trains = split_units(run.data["units"][training], run.numpy_generator(seed, "held out"), share)
    return training[trains], training[~trains]


def planned_members(run: Run, settings: Train) -> list[Member]:
    """Seeds x arms x factors, with the first of the learning rates."""
    arms = {name: ARMS[name] for name in settings.arms} if settings.arms else {"": settings.schedule}
    members = []
    for seed in run.seeds:
        training, test = split_of(run, seed)
        members += [
            Member(seed, training, test, schedule, settings.optimisation.learning_rates[0], factor, arm)
            for arm, schedule in arms.items()
            for factor in settings.label_factors
        ]
    return members


def with_chosen_rates(run: Run, settings: Train, members: Sequence[Member]) -> list[Member]:
    """Each member with the rate whose last epoch ranks held-out training references best; test images stay unseen."""
    rates = settings.optimisation.learning_rates
    if len(rates) == 1:
        return list(members)
    candidates = []
    for member in members:
        training, test = held_out_split(run, settings, member.seed, member.training)
        inner = replace(member, training=training, test=test)
        candidates += [replace(inner, rate=rate) for rate in rates]
    share = TRAINING_SHARE * (1 - settings.optimisation.held_out)
    found = train_stack(run, settings, candidates, "rates", share=share, log=False)
    values = [
        np.nan_to_num(spearman(scores[-1], run.data["scores"][candidate.test]), nan=-1.0)
        for scores, candidate in zip(found.scores, candidates, strict=True)
    ]
    best = np.array(values).reshape(len(members), len(rates)).argmax(1)
    return [replace(member, rate=rates[place]) for member, place in zip(members, best, strict=True)]
