"""S3-Rec: SASRec after self-supervised pre-training (Zhou et al., CIKM 2020).

Two of its four tasks need nothing but sequences and are here: masked item prediction and segment prediction. The other
two predict attributes of items, which these data sets do not have.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.encoder import SASRec, initialize
from tenfold.papers.ticoserec.models.bert4rec import MaskedItems
from tenfold.papers.ticoserec.negatives import NegativeSampler
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ragged import Ragged, concatenated
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.training.seeding import numpy_generator


class S3Rec(SASRec):
    """The encoder with a bilinear form for each pre-training task; `causal` is off while it is pre-trained."""

    def __init__(self, item_count: int, encoder: settings.Encoder) -> None:
        super().__init__(item_count, encoder)
        self.item_form = nn.Linear(encoder.dimension, encoder.dimension)
        self.segment_form = nn.Linear(encoder.dimension, encoder.dimension)
        for form in (self.item_form, self.segment_form):
            initialize(form, encoder.initial_std)


class SelfSupervision:
    """`L = L_MIP + w L_SP`, both of the form `-log sigmoid(f(context, true) - f(context, other))`.

    - Masked items: context is the output `F_t` at a hidden item, `f = (W F_t) . e_i`; the other is a random negative.
    - Segments: context is the last output of a sequence with a hidden segment, `f = (W s) . s'`, where `s'` is the last
      output of the segment alone (everything else hidden); the other segment is of the same length, from anywhere.
    """

    def __init__(
        self,
        model: S3Rec,
        sequences: Sequences,
        max_length: int,
        masked_share: float,
        segment_weight: float,
        seed: int,
    ) -> None:
        self.model = model
        self.max_length = max_length
        self.segment_weight = segment_weight
        self.seed = seed
        self.masked = MaskedItems(model, sequences, max_length, masked_share, seed)
        self.items = self.masked.items
        self._sampler = NegativeSampler(sequences.train_items, sequences.item_count)
        self._negatives = self.items
        self._inside = self.items
        self._other = self.items

    def begin_epoch(self, epoch: int) -> None:
        """Draw hidden items, negatives, segments and other segments of all users."""
        self.masked.begin_epoch(epoch)
        generator = numpy_generator(self.seed, "pretraining", epoch)
        self._negatives = Ragged(self._sampler.draw(self.items.rows, generator), self.items.offsets)
        start, length = segments(self.items.lengths, generator)
        column = np.arange(len(self.items.values)) - self.items.offsets[:-1][self.items.rows]
        from_start = column - start[self.items.rows]
        inside = (from_start >= 0) & (from_start < length[self.items.rows])
        self._inside = Ragged(inside, self.items.offsets)
        # Windows of the sequences of all users end to end, so another segment may belong to two users.
        other_start = (generator.random(len(length)) * (len(self.items.values) - length + 1)).astype(np.int64)
        other = self.items.values[(other_start[self.items.rows] + from_start).clip(0, len(self.items.values) - 1)]
        self._other = Ragged(np.where(inside, other, self.model.item_count + 1), self.items.offsets)

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`, and its parts `masked-item` and `segment`."""
        masked_item, segment = self.masked_item_loss(users), self.segment_loss(users)
        loss = masked_item + self.segment_weight * segment
        return {"loss": loss, "masked-item": masked_item, "segment": segment}

    def masked_item_loss(self, users: np.ndarray) -> torch.Tensor:
        """Mean over the hidden items of the users."""
        outputs, items, _ = self.masked.outputs(users)
        negatives = self._negatives.take(users).values[self.masked.hidden_of(users)]
        wanted = torch.from_numpy(np.stack([items, negatives])).to(outputs.device)
        true, other = self.model.embed(wanted)
        context = self.model.item_form(outputs)
        return functional.softplus((context * (other - true)).sum(-1)).mean()

    def segment_loss(self, users: np.ndarray) -> torch.Tensor:
        """Mean over the users."""
        context, true, other = self._last_outputs(list(self.segment_inputs(users))).chunk(3)
        return functional.softplus((self.model.segment_form(context) * (other - true)).sum(-1)).mean()

    def segment_inputs(self, users: np.ndarray) -> tuple[Ragged, Ragged, Ragged]:
        """Sequences without their segment, their segment alone, and another segment in its place."""
        items, inside = self.items.take(users), self._inside.take(users).values
        mask = self.model.item_count + 1
        without = Ragged(np.where(inside, mask, items.values), items.offsets)
        alone = Ragged(np.where(inside, items.values, mask), items.offsets)
        return without, alone, self._other.take(users)

    def _last_outputs(self, sequences: list[Ragged]) -> torch.Tensor:
        batch = Packed.of(concatenated(sequences), self.max_length, self.model.items.weight.device)
        return self.model(batch)[batch.last_tokens()]


def segments(lengths: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """First place and length `(U,)` of a random segment of each sequence: from one item up to half of them."""
    length = 1 + (generator.random(len(lengths)) * np.maximum(lengths // 2, 1)).astype(np.int64)
    start = (generator.random(len(lengths)) * (lengths - length + 1)).astype(np.int64)
    return start, length
