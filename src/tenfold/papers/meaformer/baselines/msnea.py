"""MSNEA: Chen et al., Multi-modal Siamese Network for Entity Alignment, KDD 2022, without attribute values.

    structure  e^r = x_e / |x_e|, with x_h + r close to x_t on true triples and a margin against corrupted ones;
               the same with W_v v_e in place of x_e, so that pictures guide the vectors of relations
    picture    e^v = W v_e, normalised
    attribute  e^a = sum_a alpha_a A_a over the entity's attribute types, guided by the picture: alpha_a is the
               softmax of A_a . e^v
    joint      [e^r ; e^v ; e^a], normalised

    loss of links  mean over all pairs of a batch: (2 - s_ii)_+^2 for partners, s_ij^2 for the others, s the inner
                   product; for the joint embedding and for each part

A step takes a batch of triples and the links. The published code embeds attribute names by a language model and reads
values; here, as in MEAformer's comparison, only types count, and each has a trainable vector.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from tenfold.papers.meaformer.aligner import Aligner, Batch
from tenfold.papers.meaformer.settings import Train


def pair_loss(first: torch.Tensor, second: torch.Tensor, margin: float) -> torch.Tensor:
    """Contrastive loss with a margin on inner products of partners in the same rows (B, d)."""
    scores = first @ second.T
    itself = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return torch.where(itself, functional.relu(margin - scores) ** 2, scores**2).mean()


class MSNEA(Aligner):
    """The model. `triples` (T, 3) are head, relation and tail; `sides` (N,) the graph of each entity."""

    def __init__(
        self,
        settings: Train,
        features: Mapping[str, torch.Tensor],
        triples: torch.Tensor,
        sides: torch.Tensor,
        modalities: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.settings = settings
        width, nodes = settings.dimension, len(sides)
        self._triples = triples
        self._sides = sides
        self._entities = [torch.nonzero(sides == side).flatten() for side in (0, 1)]
        self.entities = nn.Parameter(nn.init.xavier_normal_(torch.empty(nodes, width)))
        self.relations = nn.Parameter(nn.init.xavier_normal_(torch.empty(int(triples[:, 1].max()) + 1, width)))
        self._pictures = features["vision"] if "vision" in modalities else None
        if self._pictures is not None:
            self.picture = nn.Linear(self._pictures.shape[1], width)
            self.guide = nn.Linear(self._pictures.shape[1], width)
        self._attributes = features["attribute"] if "attribute" in modalities else None
        if self._attributes is not None:
            self.attributes = nn.Parameter(nn.init.xavier_normal_(torch.empty(self._attributes.shape[1], width)))

    def forward(self, rows: torch.Tensor) -> list[torch.Tensor]:
        """Parts (n, d) of the entities `rows` (n,): structure, then picture and attributes where there are any."""
        parts = [functional.normalize(self.entities[rows], dim=1)]
        picture = None
        if self._pictures is not None:
            picture = functional.normalize(self.picture(self._pictures[rows]), dim=1)
            parts.append(picture)
        if self._attributes is not None:
            parts.append(self._attribute_part(self._attributes[rows], picture))
        return parts

    def _attribute_part(self, has: torch.Tensor, picture: torch.Tensor | None) -> torch.Tensor:
        """`has` (n, A) of 0 and 1; without pictures all attributes of an entity count alike. No attribute gives 0."""
        scores = has.new_zeros(has.shape) if picture is None else picture @ self.attributes.T
        guided = functional.softmax(scores.masked_fill(has == 0, -torch.inf), dim=1)
        return torch.nan_to_num(guided) @ self.attributes

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Margin loss of a random batch of triples (a sum, as published) plus the losses of the links."""
        left, right = self(batch.left), self(batch.right)
        margin = self.settings.margin
        pairs = [*zip(left, right, strict=True), (self._joint(left), self._joint(right))]
        of_links = torch.stack([pair_loss(one, other, margin.pairs) for one, other in pairs]).sum()
        return of_links + self._triple_loss(generator)

    def _triple_loss(self, generator: torch.Generator) -> torch.Tensor:
        margin, device = self.settings.margin, self._triples.device
        size = min(margin.triple_batch, len(self._triples))
        chosen = torch.randint(len(self._triples), (size,), generator=generator).to(device)
        true = self._triples[chosen]
        draws = torch.rand(2, size, generator=generator).to(device)
        pools = self._sides[true[:, 0]]  # a corrupted triple stays in its graph
        counts = torch.tensor([len(pool) for pool in self._entities], device=device)
        places = (draws[0] * counts[pools]).long()
        replaced = torch.where(
            pools == 0,
            self._entities[0][places.clamp(max=len(self._entities[0]) - 1)],
            self._entities[1][places.clamp(max=len(self._entities[1]) - 1)],
        )
        false = true.clone()
        at_head = draws[1] < 0.5
        false[:, 0] = torch.where(at_head, replaced, true[:, 0])
        false[:, 2] = torch.where(at_head, true[:, 2], replaced)
        # Each entity once: a picture is wide, and a batch of triples names most entities several times.
        rows, places = torch.unique(
            torch.stack([true[:, 0], true[:, 2], false[:, 0], false[:, 2]]), return_inverse=True
        )
        tables = [self.entities[rows]]
        if self._pictures is not None:
            tables.append(self.guide(self._pictures[rows]))
        relation = functional.normalize(self.relations[true[:, 1]], dim=1)
        total = relation.new_zeros(())
        for table in tables:
            head, tail, false_head, false_tail = functional.normalize(table, dim=1)[places]
            near = (head + relation - tail).square().sum(dim=1)
            far = (false_head + relation - false_tail).square().sum(dim=1)
            total = total + functional.relu(margin.triples + near - far).sum()
        return total

    @staticmethod
    def _joint(parts: list[torch.Tensor]) -> torch.Tensor:
        return functional.normalize(torch.cat(parts, dim=1), dim=1)

    def embed(self, rows: torch.Tensor) -> torch.Tensor:
        """Joint embeddings of length 1."""
        return self._joint(self(rows))
