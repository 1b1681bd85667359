"""Hard entity replay: every trained entity remembers its hardest negative, which comes back beside later batches."""

from __future__ import annotations

from typing import Any

import torch

UNKNOWN = -1


class HardReplay:
    """The memory, and when it is used: as soon as a batch leaves the number of entities without an entry unchanged."""

    def __init__(self, nodes: int, device: torch.device | str = "cpu") -> None:
        self.hardest = torch.full((nodes,), UNKNOWN, dtype=torch.int64, device=device)
        self.unknown: int | None = None
        self.started = False

    def beside(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Negatives (K,) for the left entities of a batch and (L,) for the right ones; none before the start."""
        if not self.started:
            return left.new_zeros(0), right.new_zeros(0)
        batch = torch.cat([left, right])
        found = []
        for entities in (left, right):
            remembered = torch.unique(self.hardest[entities])
            remembered = remembered[remembered != UNKNOWN]
            found.append(remembered[~torch.isin(remembered, batch)])
        return found[0], found[1]

    @torch.no_grad()
    def remember(
        self,
        ids: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor],
        embeddings: tuple[torch.Tensor, ...],
    ) -> None:
        """Take in a batch: ids and unit embeddings of left, right, and the negatives beside left and beside right.

        The candidates of a left entity are all right ones but its partner, the other left ones, and those beside left.
        """
        left, right, beside_left, beside_right = ids
        z_left, z_right, z_beside_left, z_beside_right = embeddings
        for own, other, beside, z_own, z_other, z_beside in (
            (left, right, beside_left, z_left, z_right, z_beside_left),
            (right, left, beside_right, z_right, z_left, z_beside_right),
        ):
            across = (z_own @ z_other.T).fill_diagonal_(-torch.inf)
            within = (z_own @ z_own.T).fill_diagonal_(-torch.inf)
            candidates = torch.cat([other, own, beside])
            hardest = torch.cat([across, within, z_own @ z_beside.T], dim=1).argmax(dim=1)
            self.hardest[own] = candidates[hardest]
        unknown = int((self.hardest == UNKNOWN).sum())
        self.started = self.started or unknown == self.unknown
        self.unknown = unknown

    def state_dict(self) -> dict[str, Any]:
        return {"hardest": self.hardest, "unknown": self.unknown, "started": self.started}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.hardest = state["hardest"].to(self.hardest.device)
        self.unknown, self.started = state["unknown"], state["started"]
