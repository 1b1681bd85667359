"""The cross-modal block: one transformer encoder layer over the modality tokens of one entity.

    q, k, v linear with bias;  beta = dropout(softmax(q k^T / sqrt(d / H)))        rows are queries, columns keys
    u    = LayerNorm(dropout(W_o [beta v] + b_o) + t)
    hhat = LayerNorm(dropout(W_2 GELU(W_1 u + b_1) + b_2) + u)                     without feed-forward part: hhat = u

Tokens have no positional and no type embedding, so the block does not know their order.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tenfold.training.dropout import Dropout

EPSILON = 1e-12


class CrossModalLayer(nn.Module):
    """One encoder layer; `inner` is the width of the feed-forward part, None leaves it out."""

    def __init__(self, width: int, heads: int, inner: int | None, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} cannot be shared by {heads} heads")
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)  # q, k and v side by side
        self.output = nn.Linear(width, width)
        self.first_norm = nn.LayerNorm(width, eps=EPSILON)
        self.feed_forward = self.second_norm = None
        if inner is not None:
            self.feed_forward = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
            self.second_norm = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = Dropout(dropout)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (n, M, d) -> late tokens (n, M, d), attention beta (n, H, M, M)."""
        n, modalities, width = tokens.shape
        shape = (n, modalities, 3, self.heads, width // self.heads)
        q, k, v = self.project(tokens).view(shape).permute(2, 0, 3, 1, 4)  # each (n, H, M, d / H)
        beta = self.dropout(functional.softmax(q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5, dim=-1))
        mixed = (beta @ v).transpose(1, 2).reshape(n, modalities, width)
        late = self.first_norm(self.dropout(self.output(mixed)) + tokens)
        if self.feed_forward is not None and self.second_norm is not None:
            late = self.second_norm(self.dropout(self.feed_forward(late)) + late)
        return late, beta


class CrossModalTransformer(nn.Module):
    """A stack of layers; the attention is that of the last one."""

    def __init__(self, width: int, layers: int, heads: int, inner: int | None, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CrossModalLayer(width, heads, inner, dropout) for _ in range(layers))

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (n, M, d) -> late tokens (n, M, d), attention (n, H, M, M) of the last layer."""
        beta = tokens.new_empty(0)
        for layer in self.layers:
            tokens, beta = layer(tokens)
        return tokens, beta
