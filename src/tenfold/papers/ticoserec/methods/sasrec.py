"""SASRec with binary cross entropy: the base of every contrastive method, and a baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.fitting import Fit, Objective
from tenfold.papers.ticoserec.objectives import NextItem
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.training.run import Run

ObjectiveOf = Callable[[NextItem], Objective]
"""Makes a method's objective from SASRec's own."""


def run_warmup(run: Run, settings: Train) -> None:
    """The first epochs, which SASRec and all contrastive methods of a seed share; saves model and optimizer."""
    sequences = Sequences.from_arrays(run.data)
    predictions: dict[str, np.ndarray] = {}
    saved: dict[str, Any] = {}
    for seed in run.seeds:
        fit = new_fit(run, settings, sequences, seed)
        fit.train(
            next_item(fit, seed), seed=seed, name=f"seed-{seed}", first=1, last=settings.optimization.warmup_epochs
        )
        predictions |= predicted(fit, seed)
        saved |= {f"{seed}/model": fit.model.state_dict(), f"{seed}/optimizer": fit.optimizer.state_dict()}
    run.save_predictions(predictions)
    run.save_model(saved)


def run_sasrec(run: Run, settings: Train) -> None:
    """SASRec continued after the warm-up with the same loss."""
    continue_from_warmup(run, settings, Sequences.from_arrays(run.data), lambda base: base)


def continue_from_warmup(run: Run, settings: Train, sequences: Sequences, objective_of: ObjectiveOf) -> None:
    """Every seed from its warm-up to the last epoch under some objective; the best validated state is tested."""
    predictions: dict[str, np.ndarray] = {}
    saved: dict[str, Any] = {}
    warm = run.after.model()
    for seed in run.seeds:
        fit = warmed_up(run, settings, sequences, warm, seed)
        train_and_select(
            fit, objective_of(next_item(fit, seed)), seed, f"seed-{seed}", after=settings.optimization.warmup_epochs
        )
        predictions |= predicted(fit, seed)
        saved[f"{seed}/model"] = fit.model.state_dict()
    run.save_predictions(predictions)
    run.save_model(saved)


def train_and_select(fit: Fit, objective: Objective, seed: int, name: str, *, after: int) -> None:
    """Train from the epoch after `after` to the last one; the model ends in its best validated state."""
    best = fit.train(objective, seed=seed, name=name, first=after + 1, last=fit.settings.epochs)
    best.restore()


def new_fit(run: Run, settings: Train, sequences: Sequences, seed: int) -> Fit:
    """A new encoder with this seed's initial values, the same for all methods."""
    with run.seeded(seed, "initial"):
        model = SASRec(sequences.item_count, settings.encoder)
    return Fit(run, sequences, model.to(run.device), settings.encoder.max_length, settings.optimization)


def warmed_up(run: Run, settings: Train, sequences: Sequences, warm: dict[str, Any], seed: int) -> Fit:
    """An encoder and optimizer in the state in which the warm-up left them."""
    fit = new_fit(run, settings, sequences, seed)
    fit.load(warm[f"{seed}/model"], warm[f"{seed}/optimizer"])
    return fit


def next_item(fit: Fit, seed: int) -> NextItem:
    """SASRec's own objective."""
    return NextItem(fit.model, fit.sequences, fit.max_length, seed)


def predicted(fit: Fit, seed: int) -> dict[str, np.ndarray]:
    """Ranks of the validation and test targets, under their names in predictions."""
    return {f"{seed}/{stage}/rank": fit.ranks(stage) for stage in ("valid", "test")}
