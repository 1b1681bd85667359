"""Training sequences that lead to the same item: positive pairs without augmentation (DuoRec)."""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences


class SameTarget:
    """For each user another training sequence whose next item is the one that the user's inputs lead to.

    Every beginning `v_1..v_t` of anybody's training items is a sequence with the target `v_{t+1}`, as in DuoRec.
    """

    def __init__(self, sequences: Sequences) -> None:
        self._inputs = sequences.train_inputs
        targets = sequences.train_targets
        self.last_target = targets.values[targets.offsets[1:] - 1]
        """`(U,)`: the item that follows all train inputs of a user."""
        self._by_target = np.argsort(targets.values, kind="stable")
        ordered = targets.values[self._by_target]
        self._first = np.searchsorted(ordered, self.last_target)
        self._count = np.searchsorted(ordered, self.last_target, side="right") - self._first
        place = np.empty_like(self._by_target)
        place[self._by_target] = np.arange(len(place))
        self._own = place[targets.offsets[1:] - 1] - self._first

    def draw(self, generator: np.random.Generator) -> Ragged:
        """One sequence for every user, uniformly among the others of the same target; their own where there is none."""
        place = (generator.random(len(self._first)) * (self._count - 1)).astype(np.int64)
        place = np.where(self._count > 1, place + (place >= self._own), self._own)
        end = self._by_target[self._first + place]
        start = self._inputs.offsets[self._inputs.rows[end]]
        lengths = end + 1 - start
        index = np.arange(lengths.sum()) + np.repeat(start - (np.cumsum(lengths) - lengths), lengths)
        return Ragged.of_lengths(self._inputs.values[index], lengths)
