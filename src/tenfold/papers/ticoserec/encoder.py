"""The SASRec encoder in the form that TiCoSeRec's code uses (card, 3.3)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.training.dropout import Dropout

LAYER_NORM_EPS = 1e-12


class SASRec(Recommender):
    """Item and position embeddings, then causal Transformer layers with normalisation after each part.

    `h0 = Dropout(LayerNorm(E[s] + P))`, `a = LayerNorm(x + Dropout(W_o MHA(x)))`,
    `y = LayerNorm(a + Dropout(W_2 GELU(W_1 a)))`. Row 0 of `E` is padding, row `I + 1` a mask id that only models
    which need one use. With `causal` off, every position attends to all others (BERT4Rec, pre-training of S3-Rec).
    """

    def __init__(self, item_count: int, encoder: settings.Encoder) -> None:
        super().__init__(item_count, encoder.dimension)
        self.causal = True
        self.positions = nn.Embedding(encoder.max_length, encoder.dimension)
        self.norm = nn.LayerNorm(encoder.dimension, eps=LAYER_NORM_EPS)
        self.dropout = Dropout(encoder.hidden_dropout)
        self.layers = nn.ModuleList(Layer(encoder) for _ in range(encoder.layers))
        self.apply(lambda module: initialize(module, encoder.initial_std))

    def forward(self, batch: Packed, vectors: torch.Tensor | None = None) -> torch.Tensor:
        """`(N, d)`: the output at every token. `vectors` are the tokens' embeddings where the caller has them."""
        vectors = self.embed(batch.items) if vectors is None else vectors
        hidden = self.dropout(self.norm(vectors + self.positions(batch.positions)))
        for layer in self.layers:
            hidden = layer(hidden, batch, self.causal)
        return hidden


class Layer(nn.Module):
    """One Transformer layer on packed tokens."""

    def __init__(self, encoder: settings.Encoder) -> None:
        super().__init__()
        self.heads = encoder.heads
        self.project_in = nn.Linear(encoder.dimension, 3 * encoder.dimension)
        self.project_out = nn.Linear(encoder.dimension, encoder.dimension)
        self.attention_norm = nn.LayerNorm(encoder.dimension, eps=LAYER_NORM_EPS)
        self.widen = nn.Linear(encoder.dimension, encoder.inner)
        self.narrow = nn.Linear(encoder.inner, encoder.dimension)
        self.norm = nn.LayerNorm(encoder.dimension, eps=LAYER_NORM_EPS)
        self.dropout = Dropout(encoder.hidden_dropout)
        self.attention_dropout = Dropout(encoder.attention_dropout)

    def forward(self, hidden: torch.Tensor, batch: Packed, causal: bool = True) -> torch.Tensor:
        """`(N, d)` to `(N, d)`."""
        projected = self.project_in(hidden)  # (N, 3d)
        hidden_keys = None if causal else batch.stand_ins()
        attended = self._attend(projected.index_select(0, batch.places), batch.shapes, hidden_keys)
        attended = attended.index_select(0, batch.place_of_token)
        hidden = self.attention_norm(hidden + self.dropout(self.project_out(attended)))
        wide = functional.gelu(self.widen(hidden))
        return self.norm(hidden + self.dropout(self.narrow(wide)))

    def _attend(
        self, projected: torch.Tensor, shapes: list[tuple[int, int]], hidden_keys: torch.Tensor | None
    ) -> torch.Tensor:
        """`(P, d)`: attention of every place `(P, 3d)` of some tables within its row.

        Without `hidden_keys` a place sees itself and those before it; with them, all but these `(P,)`.
        """
        size = projected.shape[1] // 3 // self.heads
        mixed = []
        start = 0
        for table, (rows, width) in zip(projected.split([b * t for b, t in shapes]), shapes, strict=True):
            parts = table.view(rows, width, 3, self.heads, size).permute(2, 0, 3, 1, 4).reshape(3, -1, width, size)
            query, key, value = parts  # each (b * heads, t, d / heads)
            if hidden_keys is None:
                unseen = projected.new_full((width, width), float("-inf")).triu(1)
            else:
                own = hidden_keys[start : start + rows * width].view(rows, 1, 1, width)
                unseen = projected.new_zeros(rows, self.heads, 1, width).masked_fill(own, float("-inf"))
                unseen = unseen.view(rows * self.heads, 1, width)
            start += rows * width
            logits = torch.baddbmm(unseen, query, key.transpose(1, 2), alpha=size**-0.5)
            table_mixed = self.attention_dropout(logits.softmax(dim=-1)) @ value
            mixed.append(table_mixed.view(rows, self.heads, width, size).transpose(1, 2).reshape(rows * width, -1))
        return torch.cat(mixed)


def initialize(module: nn.Module, std: float) -> None:
    """Normal weights of the given spread, the padding row included; zero biases."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=std)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
