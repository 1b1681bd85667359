"""TiSASRec: attention that reads the time between items (Li et al., WSDM 2020)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.ticoserec import settings
from tenfold.papers.ticoserec.encoder import LAYER_NORM_EPS, initialize
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.recommender import Recommender
from tenfold.training.dropout import Dropout


class TiSASRec(Recommender):
    """SASRec whose keys and values also hold vectors of positions and of clipped time intervals.

    `e_ij = q_i . (k_j + P^K_j + R^K_{r_ij}) / sqrt(d / heads)` and `z_i = sum_j a_ij (v_j + P^V_j + R^V_{r_ij})`,
    where `r_ij = min(|t_i - t_j|, k)` in the user's own unit, the shortest gap above 0.
    """

    reads_times = True

    def __init__(self, item_count: int, encoder: settings.Encoder, largest_interval: int) -> None:
        super().__init__(item_count, encoder.dimension)
        size = encoder.dimension
        self.largest_interval = largest_interval
        self.position_keys = nn.Embedding(encoder.max_length, size)
        self.position_values = nn.Embedding(encoder.max_length, size)
        self.interval_keys = nn.Embedding(largest_interval + 1, size)
        self.interval_values = nn.Embedding(largest_interval + 1, size)
        self.norm = nn.LayerNorm(size, eps=LAYER_NORM_EPS)
        self.dropout = Dropout(encoder.hidden_dropout)
        self.layers = nn.ModuleList(TimeAwareLayer(encoder) for _ in range(encoder.layers))
        self.apply(lambda module: initialize(module, encoder.initial_std))

    def forward(self, batch: Packed, vectors: torch.Tensor | None = None) -> torch.Tensor:
        if batch.times is None:
            raise ValueError("TiSASRec needs the times of a batch")
        hidden = self.dropout(self.norm(self.embed(batch.items) if vectors is None else vectors))
        intervals, start = [], 0
        times = batch.times.index_select(0, batch.places)
        for rows, width in batch.shapes:
            own = times[start : start + rows * width].view(rows, width)
            intervals.append((own[:, :, None] - own[:, None, :]).abs().clamp(max=self.largest_interval))
            start += rows * width
        positions = self.position_keys(batch.positions), self.position_values(batch.positions)
        for layer in self.layers:
            hidden = layer(hidden, batch, positions, intervals, self.interval_keys.weight, self.interval_values.weight)
        return hidden


class TimeAwareLayer(nn.Module):
    """One Transformer layer on packed tokens with position and interval vectors in keys and values."""

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

    def forward(
        self,
        hidden: torch.Tensor,
        batch: Packed,
        positions: tuple[torch.Tensor, torch.Tensor],
        intervals: list[torch.Tensor],
        interval_keys: torch.Tensor,
        interval_values: torch.Tensor,
    ) -> torch.Tensor:
        """`(N, d)` to `(N, d)`; `positions` are two `(N, d)`, `intervals` one `(b, t, t)` for each attention table."""
        query, key, value = self.project_in(hidden).chunk(3, dim=-1)
        projected = torch.stack([query, key + positions[0], value + positions[1]], dim=1)  # (N, 3, d)
        tables = projected.index_select(0, batch.places).split([rows * width for rows, width in batch.shapes])
        vectors = [table.view(len(table), self.heads, -1).transpose(0, 1) for table in (interval_keys, interval_values)]
        mixed = [
            self._attend(table.view(*shape, 3, self.heads, -1), interval, *vectors)
            for table, shape, interval in zip(tables, batch.shapes, intervals, strict=True)
        ]
        attended = torch.cat(mixed).index_select(0, batch.place_of_token)
        hidden = self.attention_norm(hidden + self.dropout(self.project_out(attended)))
        return self.norm(hidden + self.dropout(self.narrow(functional.gelu(self.widen(hidden)))))

    def _attend(
        self, table: torch.Tensor, interval: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        """`(b t, d)` for a table `(b, t, 3, heads, s)`; `keys`, `values`: the intervals' vectors `(heads, k + 1, s)`.

        No vector per pair is formed: products with all `k + 1` interval vectors are looked up, and weights of equal
        intervals are added before they meet their vector.
        """
        query, key, value = table.permute(2, 0, 3, 1, 4)  # each (b, heads, t, s)
        place = interval[:, None].expand(-1, self.heads, -1, -1)  # (b, heads, t, t)
        by_interval = (query @ keys.transpose(1, 2)).gather(3, place)
        logits = (query @ key.transpose(2, 3) + by_interval) * query.shape[-1] ** -0.5
        later = torch.ones(interval.shape[1:], dtype=torch.bool, device=table.device).triu(1)
        weights = self.attention_dropout(logits.masked_fill(later, float("-inf")).softmax(dim=-1))
        of_interval = weights.new_zeros(*weights.shape[:3], keys.shape[1]).scatter_add(3, place, weights)
        mixed = weights @ value + of_interval @ values
        return mixed.transpose(1, 2).reshape(interval.shape[0] * interval.shape[1], -1)
