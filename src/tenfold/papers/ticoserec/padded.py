"""The encoder on padded tables, as the published code runs it: padding takes part (card, P8).

A padded query has no visible key, so its attention spreads over all L positions, later ones too. That does not touch
the recommendation loss, but the contrast of the published code flattens the outputs of all positions.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.encoder import Layer, SASRec
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import PAD

MASKED_LOGIT = -10_000.0
"""Added where a key is padding or lies in the future; a query that sees nothing gets it everywhere."""


def padded_outputs(model: SASRec, sequences: Ragged, max_length: int) -> torch.Tensor:
    """`(B, L, d)`: outputs at all positions of left-padded sequences of at most `L` items."""
    device = model.items.weight.device
    items = torch.from_numpy(_left_padded(sequences, max_length)).to(device)
    future = torch.ones(max_length, max_length, dtype=torch.bool, device=device).triu(1)
    masked = (items == PAD)[:, None, None, :] | future  # (B, 1, L, L)
    hidden = model.dropout(model.norm(model.embed(items) + model.positions.weight))
    for layer in model.layers:
        assert isinstance(layer, Layer)
        hidden = _layer(layer, hidden, masked)
    return hidden


def flattened_products(outputs: torch.Tensor) -> torch.Tensor:
    """`(B, B)`: dot products of the flattened outputs `z in R^{L d}`, padding included."""
    flat = outputs.flatten(1)
    return flat @ flat.T


def _layer(layer: Layer, hidden: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
    count, length, size = hidden.shape
    projected = layer.project_in(hidden).view(count, length, 3, layer.heads, size // layer.heads)
    query, key, value = projected.permute(2, 0, 3, 1, 4)  # each (B, heads, L, d / heads)
    logits = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
    weights = layer.attention_dropout((logits + MASKED_LOGIT * masked).softmax(dim=-1))
    attended = (weights @ value).transpose(1, 2).reshape(count, length, size)
    hidden = layer.attention_norm(hidden + layer.dropout(layer.project_out(attended)))
    return layer.norm(hidden + layer.dropout(layer.narrow(functional.gelu(layer.widen(hidden)))))


def _left_padded(sequences: Ragged, width: int) -> np.ndarray:
    """`(B, L)`: every sequence at the right end."""
    table = np.full((len(sequences), width), PAD)
    table[np.arange(width) >= width - sequences.lengths[:, None]] = sequences.values
    return table
