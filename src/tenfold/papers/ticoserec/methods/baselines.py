"""Baselines that are trained from their first epoch on: same data, budget and selection, other models or losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.fitting import Fit, Objective
from tenfold.papers.ticoserec.methods.sasrec import next_item, predicted, train_and_select
from tenfold.papers.ticoserec.models.bert4rec import BERT4Rec, Cloze
from tenfold.papers.ticoserec.models.bpr_mf import MatrixFactorization, PairwiseRanking
from tenfold.papers.ticoserec.models.caser import Caser
from tenfold.papers.ticoserec.models.gru4rec import GRU4Rec
from tenfold.papers.ticoserec.models.tisasrec import TiSASRec
from tenfold.papers.ticoserec.objectives import NextItem
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Train
from tenfold.training.run import Run

ModelOf = Callable[[Sequences], Recommender]
ObjectiveOf = Callable[[Fit, int], Objective]
"""Fit and seed -> what is minimised."""


def run_gru4rec(run: Run, settings: Train) -> None:
    """GRU4Rec with SASRec's loss."""
    _from_the_start(run, settings, lambda data: GRU4Rec(data.item_count, settings.encoder), next_item)


def run_caser(run: Run, settings: Train) -> None:
    """Caser with SASRec's loss."""
    _from_the_start(
        run, settings, lambda data: Caser(data.item_count, len(data), settings.encoder, settings.caser), next_item
    )


def run_tisasrec(run: Run, settings: Train) -> None:
    """TiSASRec with SASRec's loss."""
    _from_the_start(
        run,
        settings,
        lambda data: TiSASRec(data.item_count, settings.encoder, settings.largest_interval),
        next_item,
    )


def run_sasrec_softmax(run: Run, settings: Train) -> None:
    """SASRec with cross entropy over all items."""

    def softmax(fit: Fit, seed: int) -> Objective:
        return NextItemSoftmax(next_item(fit, seed))

    _from_the_start(run, settings, lambda data: SASRec(data.item_count, settings.encoder), softmax)


def run_bpr_mf(run: Run, settings: Train) -> None:
    """Matrix factorization by pairwise ranking."""
    _from_the_start(
        run,
        settings,
        lambda data: MatrixFactorization(data.item_count, len(data), settings.encoder),
        lambda fit, seed: PairwiseRanking(fit.model, fit.sequences, seed),
    )


def run_bert4rec(run: Run, settings: Train) -> None:
    """BERT4Rec with its cloze task."""
    _from_the_start(
        run,
        settings,
        lambda data: BERT4Rec(data.item_count, settings.encoder),
        lambda fit, seed: Cloze(fit.model, fit.sequences, fit.max_length, settings.masked_share, seed),
    )


class NextItemSoftmax:
    """At every position the next item against all others: mean cross entropy."""

    def __init__(self, base: NextItem) -> None:
        self.base = base

    def begin_epoch(self, epoch: int) -> None:
        """Nothing is drawn."""

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`: of one batch of users."""
        hidden, _ = self.base.outputs(users)
        wanted = torch.from_numpy(self.base.targets(users).values - 1).to(hidden.device)
        return {"loss": functional.cross_entropy(self.base.model.scores(hidden), wanted)}


def _from_the_start(run: Run, settings: Train, model_of: ModelOf, objective_of: ObjectiveOf) -> None:
    """Every seed from the first epoch to the last; the best validated state is tested."""
    sequences = Sequences.from_arrays(run.data)
    predictions: dict[str, np.ndarray] = {}
    saved: dict[str, Any] = {}
    for seed in run.seeds:
        with run.seeded(seed, "initial"):
            model = model_of(sequences)
        fit = Fit(run, sequences, model.to(run.device), settings.encoder.max_length, settings.optimization)
        train_and_select(fit, objective_of(fit, seed), seed, f"seed-{seed}", after=0)
        predictions |= predicted(fit, seed)
        saved[f"{seed}/model"] = model.state_dict()
    run.save_predictions(predictions)
    run.save_model(saved)
