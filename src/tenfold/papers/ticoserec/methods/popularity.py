"""Popularity: the items with most training interactions first."""

from __future__ import annotations

import numpy as np
import torch

from tenfold.papers.ticoserec.ranking import target_ranks
from tenfold.papers.ticoserec.sequences import Sequences, Stage
from tenfold.papers.ticoserec.settings import Train
from tenfold.training.run import Run


def run_popularity(run: Run, _: Train) -> None:
    """Ranks of the validation and test targets; there is nothing to train."""
    sequences = Sequences.from_arrays(run.data)
    stages: tuple[Stage, ...] = ("valid", "test")
    run.save_predictions({f"{run.seeds[0]}/{stage}/rank": popularity_ranks(sequences, stage) for stage in stages})


def popularity_ranks(sequences: Sequences, stage: Stage) -> np.ndarray:
    """`(U,)` int32: ranks by training count, the history left out; items of equal counts stand before the target."""
    counts = torch.from_numpy(np.bincount(sequences.train_items.values, minlength=sequences.item_count + 1)[1:])
    table = counts.to(torch.float32)

    def score(users: np.ndarray) -> torch.Tensor:
        return table.repeat(len(users), 1)

    return target_ranks(score, sequences.history(stage), sequences.targets(stage), sequences.item_count)
