"""The co-occurrence model: an untrained, strong baseline (card, section 4)."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse

from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.ranking import target_ranks
from tenfold.papers.ticoserec.sequences import Sequences, Stage
from tenfold.papers.ticoserec.settings import CoOccurrence, Train
from tenfold.training.run import Run

TIE_BREAK = 1e-9
"""Popularity adds at most this much to a score: less than any pair's contribution, so it only orders what is equal."""


def run_cooccurrence(run: Run, settings: Train) -> None:
    """Ranks of the validation and test targets; there is nothing to train."""
    sequences = Sequences.from_arrays(run.data)
    seed = run.seeds[0]
    stages: tuple[Stage, ...] = ("valid", "test")
    run.save_predictions(
        {f"{seed}/{stage}/rank": cooccurrence_ranks(sequences, stage, settings.cooccurrence) for stage in stages}
    )


def cooccurrence_ranks(sequences: Sequences, stage: Stage, settings: CoOccurrence) -> np.ndarray:
    """`(U,)` int32: full-ranking ranks of the stage's targets, with pairs counted in the training items only."""
    model = CoOccurrenceModel(sequences.train_items, sequences.item_count, settings)
    histories = sequences.history(stage)
    return target_ranks(model.scorer(histories), histories, sequences.targets(stage), sequences.item_count)


class CoOccurrenceModel:
    """`score(j) = sum over the last items i at distance k of C_ij / ((k + 1) sqrt(c_i c_j))`; the rest by popularity.

    `C_ij` adds `1 / dist` for every `j` that follows `i` within the window, and `backward / dist` where it precedes.
    `c_i` is the number of training interactions of `i`.
    """

    def __init__(self, train: Ragged, item_count: int, settings: CoOccurrence) -> None:
        self.settings = settings
        self.item_count = item_count
        size = item_count + 1
        popularity = np.bincount(train.values, minlength=size).astype(np.float64)
        self._filler = TIE_BREAK * popularity[1:] / popularity.max()
        scale = sparse.diags_array(1 / np.sqrt(np.maximum(popularity, 1)))
        self._pairs = sparse.csr_array(scale @ self._counts(train, size) @ scale)

    def _counts(self, train: Ragged, size: int) -> sparse.csr_array:
        """`(I + 1, I + 1)`: weighted pairs at every distance of the window."""
        counts = sparse.csr_array((size, size))
        for distance in range(1, self.settings.window + 1):
            same_user = train.rows[distance:] == train.rows[:-distance]
            pair = train.values[:-distance][same_user], train.values[distance:][same_user]
            weight = np.full(len(pair[0]), 1 / distance)
            forward = sparse.csr_array((weight, pair), shape=(size, size))
            counts = counts + forward + self.settings.backward * forward.T
        return sparse.csr_array(counts)

    def scorer(self, histories: Ragged) -> CoOccurrenceScorer:
        """Scores for users with these histories."""
        last = histories.last(self.settings.history)
        distance = np.repeat(last.offsets[1:], last.lengths) - 1 - np.arange(len(last.values))
        votes = sparse.csr_array(
            (1 / (distance + 1.0), (last.rows, last.values)), shape=(len(last), self.item_count + 1)
        )
        return CoOccurrenceScorer(votes, self._pairs, self._filler)


class CoOccurrenceScorer:
    """Scores `(b, I)` of items 1..I for some users."""

    def __init__(self, votes: sparse.csr_array, pairs: sparse.csr_array, filler: np.ndarray) -> None:
        self._votes = votes
        self._pairs = pairs
        self._filler = filler

    def __call__(self, users: np.ndarray) -> torch.Tensor:
        return torch.from_numpy((self._votes[users] @ self._pairs).toarray()[:, 1:] + self._filler)
