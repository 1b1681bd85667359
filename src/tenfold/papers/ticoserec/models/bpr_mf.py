"""BPR-MF: matrix factorization by pairwise ranking (Rendle et al., UAI 2009). It knows nothing of order or time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.encoder import initialize
from tenfold.papers.ticoserec.negatives import NegativeSampler
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.training.seeding import numpy_generator


class MatrixFactorization(Recommender):
    """`x_ui = p_u . q_i`: the output at every token is the user's vector."""

    def __init__(self, item_count: int, user_count: int, encoder: settings.Encoder) -> None:
        super().__init__(item_count, encoder.dimension)
        self.users = nn.Embedding(user_count, encoder.dimension)
        self.apply(lambda module: initialize(module, encoder.initial_std))

    def forward(self, batch: Packed, vectors: torch.Tensor | None = None) -> torch.Tensor:  # noqa: ARG002
        if batch.users is None:
            raise ValueError("matrix factorization needs the users of a batch")
        return self.users(batch.users)[batch.rows]


class PairwiseRanking:
    """Mean of `-log sigmoid(x_ui - x_uj)` over a user's training items `i`, each with a negative `j`."""

    def __init__(self, model: Recommender, sequences: Sequences, seed: int) -> None:
        self.model = model
        self.seed = seed
        self._positives = sequences.train_items
        self._sampler = NegativeSampler(sequences.train_items, sequences.item_count)
        self._negatives = self._positives

    def begin_epoch(self, epoch: int) -> None:
        """Draw one negative for every interaction."""
        drawn = self._sampler.draw(self._positives.rows, numpy_generator(self.seed, "negatives", epoch))
        self._negatives = type(self._positives)(drawn, self._positives.offsets)

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`: of one batch of users."""
        device = self.model.items.weight.device
        positives = self._positives.take(users)
        items = torch.from_numpy(np.stack([positives.values, self._negatives.take(users).values])).to(device)
        batch = Packed.of(positives, int(positives.lengths.max()), device, users=users)
        vectors = self.model(batch)  # (N, d): the user's own at each of their items
        positive, negative = self.model.embed(items)
        return {"loss": functional.softplus((vectors * (negative - positive)).sum(-1)).mean()}
