"""Caser: convolutions over the last few items as over an image (Tang and Wang, WSDM 2018)."""

from __future__ import annotations

import torch
from torch import nn

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.encoder import initialize
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.training.dropout import Dropout


class Caser(Recommender):
    """At every token the last `w` item vectors form an image `(w, d)`.

    Horizontal filters of heights `1..w` slide over it, each with its largest value; vertical ones weigh its rows. A
    layer turns both into `z`, a second one `[z, user vector]` into the output.
    """

    def __init__(self, item_count: int, user_count: int, encoder: settings.Encoder, caser: settings.Caser) -> None:
        super().__init__(item_count, encoder.dimension)
        size = encoder.dimension
        self.window = caser.window
        self.users = nn.Embedding(user_count, size)
        self.horizontal = nn.ModuleList(
            nn.Conv1d(size, caser.horizontal, height) for height in range(1, caser.window + 1)
        )
        self.vertical = nn.Linear(caser.window, caser.vertical)
        self.dropout = Dropout(encoder.hidden_dropout)
        self.first = nn.Linear(caser.window * caser.horizontal + caser.vertical * size, size)
        self.second = nn.Linear(2 * size, size)
        self.apply(lambda module: initialize(module, encoder.initial_std))

    def forward(self, batch: Packed, vectors: torch.Tensor | None = None) -> torch.Tensor:
        if batch.users is None:
            raise ValueError("Caser needs the users of a batch")
        vectors = self.embed(batch.items) if vectors is None else vectors
        image = self.images(batch, vectors).transpose(1, 2)  # (N, d, w)
        horizontal = [filters(image).relu().amax(dim=2) for filters in self.horizontal]
        vertical = self.vertical(image).flatten(1)
        convolved = self.first(self.dropout(torch.cat([*horizontal, vertical], dim=1))).relu()
        users = self.users(batch.users)[batch.rows]
        return self.second(torch.cat([convolved, users], dim=1))

    def images(self, batch: Packed, vectors: torch.Tensor) -> torch.Tensor:
        """`(N, w, d)`: the vectors of each token and of those before it, oldest first; zero before the first."""
        back = torch.arange(self.window - 1, -1, -1, device=vectors.device)
        exists = batch.columns()[:, None] >= back
        token = torch.arange(len(vectors), device=vectors.device)[:, None] - back
        return vectors[token.clamp(min=0)] * exists[:, :, None]
