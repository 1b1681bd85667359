"""Shared-bottom recommender: embeddings and bottom layers shared, a tower for each task."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

EMBEDDING_SD = 0.01


class SharedBottom(nn.Module):
    """Codes (B, F) and a bag (B, G) of several labels -> two logits (B, 2). Everything but `towers` is shared."""

    def __init__(
        self,
        sizes: Sequence[int],
        bag: int,
        embedding: int,
        bottom: Sequence[int],
        tower: Sequence[int],
        tasks: int = 2,
    ) -> None:
        """`sizes`: number of codes of each field; all lie in one table, field after field. `bag`: G, may be 0."""
        super().__init__()
        self.embedding = nn.Embedding(sum(sizes), embedding)
        nn.init.normal_(self.embedding.weight, std=EMBEDDING_SD)
        self.bag = nn.Linear(bag, embedding, bias=False) if bag else None
        self.bottom = layers([embedding * (len(sizes) + bool(bag)), *bottom])
        self.towers = nn.ModuleList(
            nn.Sequential(layers([bottom[-1], *tower]), nn.Linear([bottom[-1], *tower][-1], 1)) for _ in range(tasks)
        )
        self.last_shared = f"bottom.{2 * (len(bottom) - 1)}"

    def forward(self, codes: Tensor, bag: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 2), and the embeddings (B, F * e) that a penalty may be put on."""
        embedded = self.embedding(codes).flatten(1)  # (B, F * e)
        features = embedded if self.bag is None else torch.cat([embedded, self.bag(bag)], 1)
        hidden = self.bottom(features)
        return torch.cat([tower(hidden) for tower in self.towers], 1), embedded

    def shared_names(self) -> list[str]:
        """Names of the shared parameters, in their order."""
        return [name for name, _ in self.named_parameters() if not name.startswith("towers.")]

    def watched(self) -> dict[str, str]:
        """Label -> name of the shared weights, from the input to the towers."""
        found = {"embedding": "embedding.weight"}
        if self.bag is not None:
            found["bag"] = "bag.weight"
        weights = [name for name in self.shared_names() if name.startswith("bottom.") and name.endswith(".weight")]
        return {**found, **{f"bottom-{number}": name for number, name in enumerate(weights, start=1)}}


def layers(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU behind each."""
    return nn.Sequential(*(part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())))
