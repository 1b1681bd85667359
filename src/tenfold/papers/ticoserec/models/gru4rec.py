"""GRU4Rec: a gated recurrent unit over item vectors (Hidasi et al., ICLR 2016), in the form that RecBole uses."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.encoder import initialize
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.training.dropout import Dropout


class GRU4Rec(Recommender):
    """`h_t = GRU(Dropout(E[s_t]), h_{t-1})`, `y_t = W h_t`: one layer, hidden size d."""

    def __init__(self, item_count: int, encoder: settings.Encoder) -> None:
        super().__init__(item_count, encoder.dimension)
        self.dropout = Dropout(encoder.hidden_dropout)
        self.recurrent = nn.GRU(encoder.dimension, encoder.dimension, batch_first=True)
        self.project = nn.Linear(encoder.dimension, encoder.dimension)
        self.apply(lambda module: initialize(module, encoder.initial_std))
        for name, parameter in self.recurrent.named_parameters():
            if name.startswith("weight"):
                nn.init.xavier_uniform_(parameter)

    def forward(self, batch: Packed, vectors: torch.Tensor | None = None) -> torch.Tensor:
        vectors = self.dropout(self.embed(batch.items) if vectors is None else vectors)
        columns = batch.columns()
        table = vectors.new_zeros(len(batch.lengths), int(batch.lengths.max()), vectors.shape[1])  # (B, T, d)
        table = table.index_put((batch.rows, columns), vectors)
        lengths = torch.from_numpy(batch.lengths)
        states, _ = self.recurrent(pack_padded_sequence(table, lengths, batch_first=True, enforce_sorted=False))
        unpacked, _ = pad_packed_sequence(states, batch_first=True)
        return self.project(unpacked[batch.rows, columns])
