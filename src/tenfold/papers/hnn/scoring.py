"""Scores of candidate sets of nodes, and classes of nodes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from tenfold.papers.hnn.model import HyperedgeDependent
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.settings import Psi
from tenfold.papers.hnn.sparse import spread

Pooling = Literal["maxmin", "mean"]


def pooled(members: torch.Tensor, sets: Operators, how: Pooling) -> torch.Tensor:
    """(S, d) of the embeddings (I, d) of the members of each set: mean, or element-wise maximum minus minimum."""
    if how == "mean":
        return _sums(members, sets) / _sizes(sets)
    return spread(members, sets.offsets, sets.edge_of)


def mean_cosine(members: torch.Tensor, sets: Operators) -> torch.Tensor:
    """(S,) mean cosine over the pairs of members of each set, 0 for a set of one; no pair is formed.

    Sum over pairs of u_i . u_j = (|sum u_i|^2 - n) / 2 for unit vectors u_i.
    """
    unit = torch.nn.functional.normalize(members, dim=1)
    total = _sums(unit, sets).square().sum(dim=1) - _sums(unit.square().sum(dim=1, keepdim=True), sets)[:, 0]
    size = _sizes(sets)[:, 0]
    return total / (size * (size - 1)).clamp(min=1)


def _sums(members: torch.Tensor, sets: Operators) -> torch.Tensor:
    return sets.member_sums @ members


def _sizes(sets: Operators) -> torch.Tensor:
    return sets.offsets.diff()[:, None]


class SetScorer(nn.Module):
    """f(S) for candidate sets: psi with y_S = mean of z_i over S, a pool, and an MLP d -> d -> 1 (or the mean cosine).

    y_S is that mean for known hyperedges too: their own learned embedding would tell positives from negatives.
    """

    def __init__(self, width: int, psi: Psi, scorer: Literal["mlp", "cosine"], pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling
        self.psi = HyperedgeDependent(width, psi)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)) if scorer == "mlp" else None

    def forward(self, nodes: torch.Tensor, sets: Operators) -> torch.Tensor:
        """(S,) scores of the sets, given as the hyperedges of `sets`, from node embeddings (N, d)."""
        members = self.psi(nodes, sets.to_edges @ nodes, sets)
        if self.mlp is None:
            return mean_cosine(members, sets)
        return self.mlp(pooled(members, sets, self.pooling))[:, 0]


class NodeClassifier(nn.Module):
    """Logits (N, C): z_i + mean over the hyperedges of i of z_{i|e}, and a linear layer.

    Methods without hyperedge-dependent embeddings have the linear layer alone.
    """

    def __init__(self, width: int, classes: int, psi: Psi) -> None:
        super().__init__()
        self.psi = None if psi == "none" else HyperedgeDependent(width, psi)
        self.linear = nn.Linear(width, classes)

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor | None, graph: Operators) -> torch.Tensor:
        if self.psi is not None and edges is not None:
            nodes = nodes + graph.mean_by_node @ self.psi(nodes, edges, graph)
        return self.linear(nodes)
