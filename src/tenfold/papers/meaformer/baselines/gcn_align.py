"""GCN-Align: Wang et al., Cross-lingual Knowledge Graph Alignment via Graph Convolutional Networks, EMNLP 2018.

Structure alone: h = A relu(A X) with trainable X and no weight matrices, and a margin on L1 distances between partners
and sampled pairs in which one of the two is replaced:

    sum over pairs and sides of mean_n [ |h_1 - h_2|_1 + gamma - |h_1 - h_n|_1 ]_+
"""

from __future__ import annotations

import torch
from torch.nn import functional

from tenfold.papers.meaformer.aligner import Aligner, Batch
from tenfold.papers.meaformer.baselines.convolution import GraphConvolutions
from tenfold.papers.meaformer.graph_attention import Edges, ReceptiveField
from tenfold.papers.meaformer.settings import Train


class GCNAlign(Aligner):
    """The model. `sides` (N,) says to which graph each entity belongs: negatives are of the same one."""

    def __init__(self, settings: Train, edges: Edges, sides: torch.Tensor) -> None:
        super().__init__()
        self.settings = settings
        self.edges, self.graph_layers = edges.normalized(), settings.graph.layers
        widths = [settings.dimension] * (settings.graph.layers + 1)
        self.graph = GraphConvolutions(edges.height, widths, transforms=False)
        self._entities = [torch.nonzero(sides == side).flatten() for side in (0, 1)]

    def batch(
        self,
        left: torch.Tensor,
        right: torch.Tensor,
        beside_left: torch.Tensor | None = None,
        beside_right: torch.Tensor | None = None,
    ) -> Batch:
        """The links alone: which entities are needed besides is known when negatives are drawn."""
        del beside_left, beside_right
        return Batch(left, right, left.new_zeros(0), right.new_zeros(0), None)

    def forward(self, rows: torch.Tensor, field: ReceptiveField) -> torch.Tensor:
        """Embeddings (n, d) of the entities `rows` (n,), whose receptive field is given."""
        del rows
        return self.graph(field)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """The margin loss, mean over the links, with fresh negatives."""
        margin, size = self.settings.margin, len(batch.left)
        drawn = []
        for entities in self._entities:
            shape = (size * margin.negatives,)
            drawn.append(entities[torch.randint(len(entities), shape, generator=generator).to(entities.device)])
        rows = torch.cat([batch.left, batch.right, *drawn])
        found = self(rows, self._required_field(rows))
        left, right, false_left, false_right = found.split([size, size, len(drawn[0]), len(drawn[1])])
        own = (left - right).abs().sum(dim=1)[:, None]  # (B, 1)
        total = found.new_zeros(())
        for kept, replaced in ((left, false_right), (right, false_left)):
            distance = (kept[:, None] - replaced.view(size, margin.negatives, -1)).abs().sum(dim=2)
            total = total + functional.relu(own + margin.gcn_align - distance).mean()
        return total

    def _required_field(self, rows: torch.Tensor) -> ReceptiveField:
        field = self.field(rows)
        assert field is not None
        return field

    def embed(self, rows: torch.Tensor) -> torch.Tensor:
        """Embeddings (n, d) of length 1."""
        return functional.normalize(self(rows, self._required_field(rows)), dim=1)
