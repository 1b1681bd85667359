"""The co-occurrence model: an untrained, strong baseline (card, section 4)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences, Stage
from tenfold.papers.ticoserec.settings import CoOccurrence, Train
from tenfold.training.run import Run

BLOCK = 4096
"""Users scored at once."""

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
    histories, targets = sequences.history(stage), sequences.targets(stage)
    ranks = np.empty(len(sequences), dtype=np.int32)
    for start in range(0, len(sequences), BLOCK):
        users = np.arange(start, min(start + BLOCK, len(sequences)))
        ranks[users] = model.ranks(histories.take(users), targets[users])
    return ranks


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
        self.filler = TIE_BREAK * popularity / popularity.max()
        self.filler[0] = -1.0  # no item
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

    def scores(self, histories: Ragged) -> sparse.csr_array:
        """`(B, I + 1)`: scores by co-occurrence after each history, without the filler; column 0 is empty."""
        last = histories.last(self.settings.history)
        distance = np.repeat(last.offsets[1:], last.lengths) - 1 - np.arange(len(last.values))
        shape = (len(last), self.item_count + 1)
        votes = sparse.csr_array((1 / (distance + 1.0), (last.rows, last.values)), shape=shape)
        return sparse.csr_array(votes @ self._pairs)

    def ranks(self, histories: Ragged, targets: np.ndarray) -> np.ndarray:
        """`(B,)` int32: what `target_ranks` gives for scores plus filler, without a dense table of them.

        Items that co-occur with nothing in the history all stand behind those that do, by popularity.
        """
        scores = self.scores(histories)
        scores.sort_indices()
        rows = np.repeat(np.arange(len(targets)), np.diff(scores.indptr))
        scored = _Keys(rows * scores.shape[1] + scores.indices)
        filler = self.filler[scores.indices]
        target_place = scored.places(np.arange(len(targets)) * scores.shape[1] + targets)
        target_score = np.where(target_place >= 0, scores.data[target_place], 0.0) + self.filler[targets]

        own = np.unique(histories.rows * scores.shape[1] + histories.values)
        own_rows, own_items = np.divmod(own, scores.shape[1])
        own_place = scored.places(own)
        recommendable = np.ones(len(rows), dtype=bool)
        recommendable[own_place[own_place >= 0]] = False
        recommendable[target_place[target_place >= 0]] = False

        def count(rows_of: np.ndarray, counted: np.ndarray) -> np.ndarray:
            return np.bincount(rows_of[counted], minlength=len(targets))

        ranks = count(rows, recommendable & (scores.data + filler >= target_score[rows]))
        # A target without a score of its own also stands behind the more popular ones of the other items.
        limit = self.filler[targets]
        as_popular = len(self.filler) - np.searchsorted(np.sort(self.filler), limit)
        scored_among_them = count(rows, filler >= limit[rows])
        had_among_them = count(own_rows, (own_place < 0) & (self.filler[own_items] >= limit[own_rows]))
        ranks = np.where(target_place >= 0, ranks, ranks + as_popular - scored_among_them - had_among_them - 1)
        ranks[np.isin(np.arange(len(targets)) * scores.shape[1] + targets, own)] = self.item_count
        return ranks.astype(np.int32)


class _Keys:
    """Ascending keys (n,) that can be looked up."""

    def __init__(self, keys: np.ndarray) -> None:
        self._keys = keys

    def places(self, wanted: np.ndarray) -> np.ndarray:
        """Place of each wanted key, -1 where it is not there."""
        place = np.searchsorted(self._keys, wanted)
        found = place < len(self._keys)
        found[found] = self._keys[place[found]] == wanted[found]
        return np.where(found, place, -1)
