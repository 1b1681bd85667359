"""ICLRec: contrast of views with the intents of their users (Chen et al., WWW 2022)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.clustering import kmeans
from tenfold.papers.ticoserec.losses import cosines, dot_products, nt_xent
from tenfold.papers.ticoserec.methods.contrastive import view_generator_of
from tenfold.papers.ticoserec.methods.sasrec import continue_from_warmup
from tenfold.papers.ticoserec.objectives import NextItem
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Contrast, Intents, Train
from tenfold.papers.ticoserec.views import ViewGenerator
from tenfold.training.run import Run
from tenfold.training.seeding import numpy_generator

BLOCK = 1024
"""Users encoded at once in the E-step."""


def run_iclrec(run: Run, settings: Train) -> None:
    """From the warm-up on with `L_rec + lambda L_ICL + beta L_SeqCL`."""
    sequences = Sequences.from_arrays(run.data)
    views_of = view_generator_of(sequences, settings)
    continue_from_warmup(
        run,
        settings,
        sequences,
        lambda base: NextItemWithIntents(base, views_of(), settings.contrast, settings.intents),
    )


class NextItemWithIntents:
    """`L = L_rec + lambda L_ICL + beta L_SeqCL`, by expectation and maximisation.

    E-step, before every epoch: k-means on the mean outputs of all users; a user's intent is the centre of their
    cluster, of unit length. M-step: `L_ICL = L(h1, c) + L(h2, c)` with the mean outputs `h` of two views, each of which
    is to find its intent `c` among those of the batch. Other users of the same intent are no negatives (false-negative
    mitigation). `L_SeqCL` is the contrast of the two views with each other.
    """

    def __init__(self, next_item: NextItem, views: ViewGenerator, contrast: Contrast, intents: Intents) -> None:
        self.next_item = next_item
        self.views = views
        self.contrast = contrast
        self.intents = intents
        self._drawn: list[Ragged] = []
        self._centres = torch.empty(0)
        self._intent_of_user = torch.empty(0)

    def begin_epoch(self, epoch: int) -> None:
        """Draw negatives and both views of every user; find the intents of this epoch's model."""
        self.next_item.begin_epoch(epoch)
        seed = self.next_item.seed
        self._drawn = self.views.draw(2, numpy_generator(seed, "views", epoch))
        centres, self._intent_of_user = kmeans(
            self.mean_outputs(), self.intents.count, self.intents.iterations, numpy_generator(seed, "intents", epoch)
        )
        self._centres = functional.normalize(centres, dim=1)

    @torch.no_grad()
    def mean_outputs(self) -> torch.Tensor:
        """`(U, d)`: mean over the train inputs of every user, without dropout."""
        model, inputs = self.next_item.model, self.next_item.inputs
        was_training = model.training
        model.eval()
        device = model.items.weight.device
        order = np.argsort(inputs.lengths, kind="stable")  # blocks of similar length waste nothing in the encoder
        means = model.items.weight.new_empty(len(inputs), model.items.weight.shape[1])
        for start in range(0, len(order), BLOCK):
            users = order[start : start + BLOCK]
            batch = Packed.of(inputs.take(users), self.next_item.max_length, device)
            means[torch.from_numpy(users).to(device)] = means_of_sequences(model(batch), batch)
        model.train(was_training)
        return means

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`, and its parts `next-item`, `contrast` and `intents`."""
        views = [view.take(users) for view in self._drawn]
        next_item, hidden, batch = self.next_item.with_further_sequences(users, views)
        products = dot_products(hidden, batch, first_row=len(users))
        contrast = nt_xent(cosines(products) if self.contrast.normalize else products, self.contrast.temperature)
        means = means_of_sequences(hidden, batch)[len(users) :]  # (2B, d)
        means = functional.normalize(means, dim=1) if self.contrast.normalize else means
        intent = self._intent_of_user[torch.from_numpy(users).to(self._intent_of_user.device)]
        first, second = (
            intent_contrast(view, self._centres, intent, self.contrast.temperature) for view in means.chunk(2)
        )
        intents = first + second
        loss = next_item + self.intents.weight * intents + self.contrast.weight * contrast
        return {"loss": loss, "next-item": next_item, "contrast": contrast, "intents": intents}


def intent_contrast(
    vectors: torch.Tensor, centres: torch.Tensor, intent: torch.Tensor, temperature: float
) -> torch.Tensor:
    """`-log exp(h_u . c_u / tau) / sum_v exp(h_u . c_v / tau)`, mean over the batch of `vectors (B, d)`.

    The sum is over `u` itself and the users `v` of other intents; `intent (B,)` are rows of `centres (K, d)`.
    """
    logits = vectors @ centres[intent].T / temperature
    same = (intent[:, None] == intent).fill_diagonal_(False)
    return functional.cross_entropy(
        logits.masked_fill(same, float("-inf")), torch.arange(len(vectors), device=vectors.device)
    )


def means_of_sequences(outputs: torch.Tensor, batch: Packed) -> torch.Tensor:
    """`(B, d)`: mean of the outputs `(N, d)` over the tokens of each sequence; 0 where all of its items are masked.

    A mask leaves at least one item of a sequence, but that need not be among the last L.
    """
    sums = outputs.new_zeros(len(batch.lengths), outputs.shape[1]).index_add(0, batch.rows, outputs)
    return sums / torch.from_numpy(batch.lengths).to(outputs.device, outputs.dtype).clamp(min=1)[:, None]
