"""Labels of incidences: what is a node's label in a hyperedge? (claim C3)"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from tenfold.papers.hnn.encoders import Encoder
from tenfold.papers.hnn.fitting import adam
from tenfold.papers.hnn.methods import new_encoder, psi_of
from tenfold.papers.hnn.model import HyperedgeDependent
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.roles import Roles
from tenfold.papers.hnn.settings import Train
from tenfold.training.run import Run

DIFFERENT = 1e-6
"""Distance of two embeddings, relative to their size, above which they count as different."""


class PairClassifier(nn.Module):
    """Logits (I,) of all incidences: psi and a linear layer."""

    def __init__(self, settings: Train, inputs: int, hyperedges: int) -> None:
        super().__init__()
        self.encoder: Encoder = new_encoder(settings, inputs, hyperedges)
        self.psi = HyperedgeDependent(self.encoder.width, psi_of(settings))
        self.linear = nn.Linear(self.encoder.width, 1)

    def pairs(self, features: torch.Tensor, graph: Operators) -> torch.Tensor:
        """z_{i|e}, (I, d)."""
        found = self.encoder(features, graph, graph.every_hyperedge)
        edges = graph.to_edges @ found.nodes if found.edges is None else found.edges
        return self.psi(found.nodes, edges, graph)

    def forward(self, features: torch.Tensor, graph: Operators) -> torch.Tensor:
        return self.linear(self.pairs(features, graph))[:, 0]


def classify_pairs(run: Run, settings: Train, roles: Roles, seed: int) -> dict[str, np.ndarray]:
    """Which test incidences get their label, and which pairs of hyperedges give their common node two embeddings."""
    graph = Operators(roles.hypergraph, run.device)
    features = torch.from_numpy(roles.features).to(run.device)
    known = torch.from_numpy(roles.pair[roles.train]).to(run.device)
    target = torch.from_numpy(roles.label[roles.train].astype(np.float32)).to(run.device)
    with run.seeded(seed, "initial values"):
        model = PairClassifier(settings, features.shape[1], roles.hypergraph.edges).to(run.device)
    optimizer = adam(model, model.encoder, settings.optimization)
    loop = run.loop(
        f"seed-{seed}-pairs", settings.optimization.pair_epochs, {"model": model, "optimizer": optimizer}, seed=seed
    )
    for _ in loop:
        model.train()
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(model(features, graph)[known], target)
        loss.backward()
        optimizer.step()
        loop.log(seed=seed, split="pairs", loss=float(loss.detach()))
    model.eval()
    with torch.no_grad():
        predicted = (model(features, graph) > 0).cpu().numpy()[roles.pair]
        embeddings = model.pairs(features, graph).cpu().numpy()
    return {
        f"{seed}/pairs/correct": (predicted == roles.label)[~roles.train],
        f"{seed}/pairs/different": differing_pairs(embeddings, roles.hypergraph.node),
    }


def differing_pairs(embeddings: np.ndarray, node: np.ndarray) -> np.ndarray:
    """For each node and each two consecutive hyperedges of it: are its embeddings (I, d) there different?"""
    order = np.argsort(node, kind="stable")
    same = node[order][1:] == node[order][:-1]
    first, second = embeddings[order][:-1][same], embeddings[order][1:][same]
    scale = np.maximum(np.linalg.norm(first, axis=1), np.finfo(np.float32).tiny)
    return np.linalg.norm(first - second, axis=1) > DIFFERENT * scale
