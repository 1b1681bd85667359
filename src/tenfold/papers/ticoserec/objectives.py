"""What SASRec and the contrastive methods minimise, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.losses import binary_cross_entropy, cosines, dot_products, nt_xent
from tenfold.papers.ticoserec.negatives import NegativeSampler
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ragged import Ragged, concatenated
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Contrast
from tenfold.papers.ticoserec.views import ViewGenerator
from tenfold.training.seeding import numpy_generator


class NextItem:
    """`L_rec`: at every position the next item against one random negative."""

    def __init__(self, model: SASRec, sequences: Sequences, max_length: int, seed: int) -> None:
        self.model = model
        self.max_length = max_length
        self.seed = seed
        self.inputs = sequences.train_inputs.last(max_length)
        self._targets = sequences.train_targets.last(max_length)
        self._sampler = NegativeSampler(sequences.train_items, sequences.item_count)
        self._negatives = self._targets

    def begin_epoch(self, epoch: int) -> None:
        """Draw one negative for every position of every user."""
        drawn = self._sampler.draw(self._targets.rows, numpy_generator(self.seed, "negatives", epoch))
        self._negatives = Ragged(drawn, self._targets.offsets)

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`: of one batch."""
        loss, _, _ = self.with_further_sequences(users, [])
        return {"loss": loss}

    def with_further_sequences(
        self, users: np.ndarray, further: list[Ragged]
    ) -> tuple[torch.Tensor, torch.Tensor, Packed]:
        """`L_rec` of the users, and the outputs `(N, d)` of one pass over their inputs and `further` sequences.

        One pass and one look-up for everything: the gradient of the item table is formed once.
        """
        device = self.model.items.weight.device
        batch = Packed.of(concatenated([self.inputs.take(users), *further]), self.max_length, device)
        wanted = np.concatenate([self._targets.take(users).values, self._negatives.take(users).values])
        count = len(wanted) // 2
        vectors = self.model.embed(torch.cat([batch.items, torch.from_numpy(wanted).to(device)]))
        inputs, positive, negative = vectors.split([len(batch.items), count, count])
        hidden = self.model(batch, inputs)
        own = hidden[:count]  # the users' inputs come first, and none of their items is masked
        return binary_cross_entropy((own * positive).sum(-1), (own * negative).sum(-1)), hidden, batch


class NextItemWithContrast:
    """`L = L_rec + lambda L_cl`: two augmented views of each user are to be found among those of the batch."""

    def __init__(self, next_item: NextItem, views: ViewGenerator, contrast: Contrast) -> None:
        self.next_item = next_item
        self.views = views
        self.contrast = contrast
        self._drawn: list[Ragged] = []

    def begin_epoch(self, epoch: int) -> None:
        """Draw negatives and both views of every user."""
        self.next_item.begin_epoch(epoch)
        self._drawn = self.views.draw(2, numpy_generator(self.next_item.seed, "views", epoch))

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`, and its parts `next-item` and `contrast`."""
        further = [view.take(users) for view in self._drawn]
        next_item, hidden, batch = self.next_item.with_further_sequences(users, further)
        products = dot_products(hidden, batch, first_row=len(users))
        if self.contrast.normalize:
            products = cosines(products)
        contrast = nt_xent(products, self.contrast.temperature)
        return {"loss": next_item + self.contrast.weight * contrast, "next-item": next_item, "contrast": contrast}
