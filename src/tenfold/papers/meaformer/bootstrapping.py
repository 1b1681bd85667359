"""Iterative training: mutual nearest neighbours outside the training links become candidates, and then links."""

from __future__ import annotations

from typing import Any

import torch

from tenfold.metrics.alignment import mutual_nearest

FRESH_EVERY, PROMOTE_EVERY = 5, 10
"""In looks: a new list of candidates starts with the first of every five looks; every tenth promotes."""


class Bootstrapping:
    """Training links (L, 2) that grow, and the candidates on trial."""

    def __init__(self, links: torch.Tensor) -> None:
        self.links = links
        self.candidates = links.new_zeros(0, 2)
        self.looks = 0

    def look(self, found: torch.Tensor) -> bool:
        """Take in the mutual nearest neighbours (P, 2) of this look; returns whether the links grew.

        Candidates must be found again at each of the following looks. Two of them never share an entity, because
        neighbours are mutual, and none touches a linked one, because those are not looked at.
        """
        self.looks += 1
        fresh = self.looks % FRESH_EVERY == 1
        self.candidates = found if fresh else _common(self.candidates, found)
        if self.looks % PROMOTE_EVERY or not len(self.candidates):
            return False
        self.links = torch.cat([self.links, self.candidates])
        self.candidates = self.candidates.new_zeros(0, 2)
        return True

    def state_dict(self) -> dict[str, Any]:
        return {"links": self.links, "candidates": self.candidates, "looks": self.looks}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        device = self.links.device
        self.links, self.candidates = state["links"].to(device), state["candidates"].to(device)
        self.looks = state["looks"]


def _common(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Rows of `first` (P, 2) that `second` (Q, 2) has, too."""
    if not len(first) or not len(second):
        return first[:0]
    size = int(torch.maximum(first.max(), second.max())) + 1
    keys = [rows[:, 0] * size + rows[:, 1] for rows in (first, second)]
    return first[torch.isin(*keys)]


def unlinked(entities: torch.Tensor, linked: torch.Tensor) -> torch.Tensor:
    """Entities (n,) that are not among `linked` (l,)."""
    return entities[~torch.isin(entities, linked)]


def neighbours(left: torch.Tensor, right: torch.Tensor, z_left: torch.Tensor, z_right: torch.Tensor) -> torch.Tensor:
    """Mutual nearest neighbours (P, 2) among entities `left` (n,) and `right` (m,) with unit embeddings."""
    rows, columns = mutual_nearest(z_left, z_right)
    return torch.stack([left[rows], right[columns]], dim=1)
