"""BERT4Rec: a bidirectional encoder that fills in masked items (Sun et al., CIKM 2019)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.training.seeding import numpy_generator


class BERT4Rec(SASRec):
    """The encoder without causality; to recommend, a masked item is appended to the history."""

    def __init__(self, item_count: int, encoder: settings.Encoder) -> None:
        super().__init__(item_count, encoder)
        self.causal = False

    def queries(self, histories: Ragged, max_length: int) -> Ragged:
        seen = histories.last(max_length - 1)
        values = np.insert(seen.values, seen.offsets[1:], self.item_count + 1)
        return Ragged.of_lengths(values, seen.lengths + 1)


class MaskedItems:
    """Which items of the training sequences are hidden in an epoch: each with some probability, at least one a user."""

    def __init__(self, model: Recommender, sequences: Sequences, max_length: int, share: float, seed: int) -> None:
        self.model = model
        self.max_length = max_length
        self.share = share
        self.seed = seed
        self.items = sequences.train_items.last(max_length)
        self._hidden = np.zeros(len(self.items.values), dtype=bool)

    def begin_epoch(self, epoch: int) -> None:
        """Draw the hidden items."""
        generator = numpy_generator(self.seed, "masked", epoch)
        self._hidden = generator.random(len(self.items.values)) < self.share
        none = np.bincount(self.items.rows[self._hidden], minlength=len(self.items)) == 0
        one = self.items.offsets[:-1] + (generator.random(len(self.items)) * self.items.lengths).astype(np.int64)
        self._hidden[one[none]] = True

    def hidden_of(self, users: np.ndarray) -> np.ndarray:
        """`(N,)` bool: which of the users' items are hidden."""
        return Ragged(self._hidden, self.items.offsets).take(users).values

    def outputs(self, users: np.ndarray) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
        """Outputs `(M, d)` at the hidden items of the users, the items `(M,)`, and whose they are `(M,)`."""
        items = self.items.take(users)
        hidden = self.hidden_of(users)
        shown = Ragged(np.where(hidden, self.model.item_count + 1, items.values), items.offsets)
        batch = Packed.of(shown, self.max_length, self.model.items.weight.device)
        chosen = torch.from_numpy(np.flatnonzero(hidden)).to(batch.items.device)
        return self.model(batch)[chosen], items.values[hidden], users[items.rows[hidden]]


class Cloze(MaskedItems):
    """BERT4Rec's loss: cross entropy over all items at the hidden ones."""

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`: of one batch of users."""
        outputs, items, _ = self.outputs(users)
        wanted = torch.from_numpy(items - 1).to(outputs.device)
        return {"loss": functional.cross_entropy(self.model.scores(outputs), wanted)}
