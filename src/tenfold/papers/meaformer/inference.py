"""Ranks of test links, and what the weights of modalities look like."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from tenfold.metrics.alignment import Ranks, partner_ranks
from tenfold.papers.meaformer.aligner import Aligner
from tenfold.papers.meaformer.model import MEAformer
from tenfold.papers.meaformer.pair import AlignmentPair

CHUNK = 8192
"""Entities that are embedded at a time."""


@torch.no_grad()
def embeddings(model: Aligner, rows: torch.Tensor) -> torch.Tensor:
    """Embeddings (n, D) of length 1 without dropout; the model's mode is as before afterwards."""
    return _in_chunks(model, rows, model.embed)


def _in_chunks(model: Aligner, rows: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    training = model.training
    model.eval()
    found = torch.cat([function(part) for part in rows.split(CHUNK)])
    model.train(training)
    return found


def rank_links(model: Aligner, links: torch.Tensor, csls_neighbours: int) -> Ranks:
    """Ranks of the partners of links (n, 2) among the entities of these links, by CSLS."""
    left, right = embeddings(model, links.T.reshape(-1)).chunk(2)
    return partner_ranks(left, right, csls_neighbours=csls_neighbours)


def rank_features(features: torch.Tensor, links: torch.Tensor, csls_neighbours: int) -> Ranks:
    """The same for the features of a single modality, without any training."""
    return partner_ranks(features[links[:, 0]], features[links[:, 1]], csls_neighbours=csls_neighbours)


@torch.no_grad()
def modality_weights(model: MEAformer, pair: AlignmentPair, links: torch.Tensor) -> dict[str, np.ndarray]:
    """Weights (2n, M) of the entities of links (n, 2), left ones first; whose pictures they show; mean attention."""
    rows = links.T.reshape(-1)
    parts = []
    attention = None

    def weights(part: torch.Tensor) -> torch.Tensor:
        found = model(part, model.field(part))
        if found.attention is not None:
            parts.append(found.attention.mean(dim=1).sum(dim=0))  # (M, M), mean over heads
        return found.weights

    found = _in_chunks(model, rows, weights)
    if parts:
        attention = torch.stack(parts).sum(dim=0) / len(rows)
    arrays = {
        "weights": found.cpu().numpy().astype(np.float32),
        "modalities": np.array(model.modalities),
        "entity": rows.cpu().numpy().astype(np.int32),
        "pictured": pair.pictured[rows].cpu().numpy(),
        "corrupted": pair.corrupted[rows].cpu().numpy(),
    }
    if attention is not None:
        arrays["attention"] = attention.cpu().numpy().astype(np.float32)
    return arrays
