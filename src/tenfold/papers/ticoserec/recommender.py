"""What every trained recommender of this paper is: outputs at tokens, and scores of all items for an output."""

from __future__ import annotations

import torch
from torch import nn

from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ragged import Ragged


class Recommender(nn.Module):
    """A table of item vectors, outputs `(N, d)` at the tokens of packed sequences, and scores by dot products."""

    reads_times = False
    """Whether `forward` needs the batch's `times`."""

    def __init__(self, item_count: int, dimension: int) -> None:
        super().__init__()
        self.item_count = item_count
        self.items = nn.Embedding(item_count + 2, dimension)  # 0 is padding, I + 1 the mask id

    def embed(self, items: torch.Tensor) -> torch.Tensor:
        """`(..., d)`: vectors of item ids."""
        return self.items(items)

    def forward(self, batch: Packed, vectors: torch.Tensor | None = None) -> torch.Tensor:
        """`(N, d)`: the output at every token. `vectors` are the tokens' embeddings where the caller has them."""
        raise NotImplementedError

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """`(B, I)`: score of every item 1..I for outputs `(B, d)`: `h . E[j]`."""
        return hidden @ self.items.weight[1 : self.item_count + 1].T

    def queries(self, histories: Ragged, max_length: int) -> Ragged:
        """What is read of each history; the next item is recommended by the output at the last of it."""
        return histories.last(max_length)
