"""What SASRec and the contrastive methods minimise, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.losses import binary_cross_entropy, cosines, dot_products, nt_xent
from tenfold.papers.ticoserec.negatives import NegativeSampler
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.padded import flattened_products, padded_outputs
from tenfold.papers.ticoserec.ragged import Ragged, concatenated
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Contrast
from tenfold.papers.ticoserec.similarity import Neighbours, hybrid, nearest_by_vectors
from tenfold.papers.ticoserec.views import ViewGenerator
from tenfold.training.seeding import numpy_generator


class NextItem:
    """`L_rec`: at every position the next item against one random negative."""

    def __init__(self, model: Recommender, sequences: Sequences, max_length: int, seed: int) -> None:
        self.model = model
        self.max_length = max_length
        self.seed = seed
        self.inputs = sequences.train_inputs.last(max_length)
        self._targets = sequences.train_targets.last(max_length)
        self._sampler = NegativeSampler(sequences.train_items, sequences.item_count)
        self._negatives = self._targets
        self._times = sequences.own_units.without_last(3).last(max_length) if model.reads_times else None

    def begin_epoch(self, epoch: int) -> None:
        """Draw one negative for every position of every user."""
        drawn = self._sampler.draw(self._targets.rows, numpy_generator(self.seed, "negatives", epoch))
        self._negatives = Ragged(drawn, self._targets.offsets)

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`: of one batch."""
        loss, _, _ = self.with_further_sequences(users, [])
        return {"loss": loss}

    def outputs(self, users: np.ndarray) -> tuple[torch.Tensor, Packed]:
        """Outputs `(N, d)` at the users' inputs."""
        batch = self._pack(users, [])
        return self.model(batch), batch

    def _pack(self, users: np.ndarray, further: list[Ragged]) -> Packed:
        own_times = None if self._times is None else self._times.take(users)
        everything = concatenated([self.inputs.take(users), *further])
        device = self.model.items.weight.device
        return Packed.of(everything, self.max_length, device, users=users, times=own_times)

    def targets(self, users: np.ndarray) -> Ragged:
        """The next item at every position of the users' inputs."""
        return self._targets.take(users)

    def with_further_sequences(
        self, users: np.ndarray, further: list[Ragged]
    ) -> tuple[torch.Tensor, torch.Tensor, Packed]:
        """`L_rec` of the users, and the outputs `(N, d)` of one pass over their inputs and `further` sequences.

        One pass and one look-up for everything: the gradient of the item table is formed once.
        """
        device = self.model.items.weight.device
        batch = self._pack(users, further)
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
        self._offline = views.neighbours
        self._drawn: list[Ragged] = []

    def begin_epoch(self, epoch: int) -> None:
        """Draw negatives and both views of every user; from some epoch on, similarity by vectors counts, too."""
        self.next_item.begin_epoch(epoch)
        after = self.views.settings.hybrid_after
        if after is not None and epoch > after:
            vectors = self.next_item.model.items.weight.detach().cpu().numpy()
            self.views.neighbours = self._hybrid(vectors)
        self._drawn = self.views.draw(2, numpy_generator(self.next_item.seed, "views", epoch))

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`, and its parts `next-item` and `contrast`."""
        views = [view.take(users) for view in self._drawn]
        if self.contrast.padding == "zero":
            next_item, hidden, batch = self.next_item.with_further_sequences(users, views)
            products = dot_products(hidden, batch, first_row=len(users))
        else:
            next_item, _, _ = self.next_item.with_further_sequences(users, [])
            products = self._products_with_padding(concatenated(views))
        if self.contrast.normalize:
            products = cosines(products)
        contrast = nt_xent(products, self.contrast.temperature)
        return {"loss": next_item + self.contrast.weight * contrast, "next-item": next_item, "contrast": contrast}

    def _products_with_padding(self, views: Ragged) -> torch.Tensor:
        model = self.next_item.model
        assert isinstance(model, SASRec)
        return flattened_products(padded_outputs(model, views, self.next_item.max_length))

    def _hybrid(self, vectors: np.ndarray) -> Neighbours:
        """The offline or the online neighbour of each item, for the vectors `(I + 2, d)` of this epoch."""
        upside_down = self.views.settings.hybrid_prefers == "published-code"
        online = nearest_by_vectors(vectors, self._offline.known, farthest=upside_down)
        return hybrid(self._offline, online, upside_down=upside_down)
