"""Training a recommender: epochs over users, validation by full ranking, selection, resumable."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch

from tenfold.metrics.ranking import discounted_gains
from tenfold.papers.ticoserec.ranking import encoder_ranks
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.papers.ticoserec.sequences import Sequences, Stage
from tenfold.papers.ticoserec.settings import Optimization
from tenfold.training.checkpoint import State
from tenfold.training.early_stopping import BestState
from tenfold.training.run import Run

VALIDATION_CUT = 20
"""Models are selected by NDCG@20, as in the official code."""


class Objective(Protocol):
    """What a method minimises."""

    def begin_epoch(self, epoch: int) -> None:
        """Draw what the epoch needs: negatives, views."""

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """Scalars of one batch of users; `loss` is the one to minimise, the others are logged."""


class Fit:
    """A model and its optimizer on the way from one epoch to another."""

    def __init__(
        self, run: Run, sequences: Sequences, model: Recommender, max_length: int, settings: Optimization
    ) -> None:
        self.run = run
        self.sequences = sequences
        self.model = model
        self.max_length = max_length
        self.settings = settings
        self.optimizer = torch.optim.Adam(
            model.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=run.device.type in ("cpu", "cuda"),
        )

    def load(self, model: dict[str, Any], optimizer: dict[str, Any]) -> None:
        """Go on from a saved state, at this run's learning rate and weight decay."""
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict(copy.deepcopy(optimizer))  # it would go on in the caller's own tensors
        for group in self.optimizer.param_groups:
            group.update(lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay)

    def train(self, objective: Objective, *, seed: int, name: str, first: int, last: int) -> BestState:
        """Epochs `first` to `last`, or until validation stops improving. Returns the best validated state."""
        settings = self.settings
        patience = None if settings.patience is None else -(-settings.patience // settings.validate_every)
        best = BestState(self.model, patience)
        state: State = {"model": self.model, "optimizer": self.optimizer, "best": best}
        loop = self.run.loop(name, last - first + 1, state, seed=seed)
        for step in loop:
            epoch = first + step - 1
            logged = self._epoch(objective, seed, epoch)
            if epoch % settings.validate_every == 0 or epoch == last:
                value = float(discounted_gains(self.ranks("valid"), VALIDATION_CUT).mean())
                logged[f"valid-ndcg@{VALIDATION_CUT}"] = value
                if best.update(epoch, value):
                    loop.stop()
            loop.log(seed=seed, epoch=epoch, **logged)
        return best

    def ranks(self, stage: Stage) -> np.ndarray:
        """`(U,)`: full-ranking ranks of the stage's targets under the current state."""
        histories, targets = self.sequences.history(stage), self.sequences.targets(stage)
        times = self.sequences.history_times(stage) if self.model.reads_times else None
        return encoder_ranks(self.model, histories, targets, self.max_length, times)

    def _epoch(self, objective: Objective, seed: int, epoch: int) -> dict[str, float]:
        """One pass over all users in random order; the mean of each loss over the batches."""
        self.model.train()
        objective.begin_epoch(epoch)
        order = self.run.numpy_generator(seed, "order", epoch).permutation(len(self.sequences))
        sums: dict[str, torch.Tensor] = {}
        batches = range(0, len(order), self.settings.batch_size)
        for start in batches:
            losses = objective.losses(order[start : start + self.settings.batch_size])
            self.optimizer.zero_grad()
            losses["loss"].backward()
            self.optimizer.step()
            for key, value in losses.items():
                sums[key] = sums.get(key, torch.zeros((), device=value.device)) + value.detach()
        return {key: float(value) / len(batches) for key, value in sums.items()}
