"""Node classification: the classes of nodes, from the labels of a few."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tenfold.papers.hnn.encoders import Embeddings, Encoder
from tenfold.papers.hnn.fitting import adam
from tenfold.papers.hnn.methods import new_encoder, psi_of
from tenfold.papers.hnn.operators import HyperedgeRows, Operators
from tenfold.papers.hnn.penalty import laplacian_penalty
from tenfold.papers.hnn.scoring import NodeClassifier
from tenfold.papers.hnn.settings import Train
from tenfold.papers.hnn.study import NodeFeatures, Study
from tenfold.training.checkpoint import State
from tenfold.training.run import Run

SHOWN_NODES = 4
"""Nodes whose embeddings are kept for the figure, those in most hyperedges."""
SHOWN_HYPEREDGES = 150
"""Of each of them at most so many."""


class Classifier(nn.Module):
    """An encoder and a classifier of nodes; with `classifier: convolution` the last layer is the classifier."""

    def __init__(self, settings: Train, inputs: int, hyperedges: int, classes: int) -> None:
        super().__init__()
        direct = settings.classifier == "convolution"
        self.encoder: Encoder = new_encoder(settings, inputs, hyperedges, classes if direct else None)
        self.head = None if direct else NodeClassifier(self.encoder.width, classes, psi_of(settings))

    @property
    def psi(self) -> nn.Module | None:
        return None if self.head is None else self.head.psi


class Epochs:
    """One training and test: a split, a model and its optimizer."""

    def __init__(self, run: Run, settings: Train, study: Study, seed: int) -> None:
        self.settings, self.study = settings, study
        self.train, self.tested = study.split(seed)
        self.graph = Operators(study.hypergraph.with_singletons(), run.device, np.arange(study.hypergraph.edges))
        source = NodeFeatures(study, study.hypergraph, settings.features, settings.structure_dimension, run.device)
        self.features = source.of(self.graph)
        self.labels = torch.from_numpy(study.labels[self.train]).to(run.device)
        self.labelled = torch.from_numpy(self.train).to(run.device)
        self.read, self.hyperedges = self.graph.around(self.train)
        with run.seeded(seed, "initial values"):
            self.model = Classifier(settings, source.width, study.hypergraph.edges, study.classes).to(run.device)
        self.optimizer = adam(self.model, self.model.encoder, settings.optimization)

    def step(self) -> float:
        """One epoch on all training nodes; the loss. The classifier reads nothing but them and their hyperedges."""
        self.model.train()
        self.optimizer.zero_grad()
        found = self._embedded(self.hyperedges)
        logits = found.nodes[self.labelled]
        if self.model.head is not None:
            logits = self.model.head(logits, found.edges, self.read)
        loss = cross_entropy(logits, self.labels)
        if self.settings.laplacian:
            loss = loss + self.settings.laplacian * laplacian_penalty(found.nodes, self.graph)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def test(self) -> np.ndarray:
        """(T,) whether each test node gets its class."""
        predicted = self.logits().argmax(dim=1).cpu().numpy()
        return predicted[self.tested] == self.study.labels[self.tested]

    def logits(self) -> torch.Tensor:
        """(N, C) of all nodes, without dropout."""
        self.model.eval()
        with torch.no_grad():
            found = self._embedded(self.graph.every_hyperedge)
            return found.nodes if self.model.head is None else self.model.head(found.nodes, found.edges, self.graph)

    def _embedded(self, hyperedges: HyperedgeRows) -> Embeddings:
        return self.model.encoder(self.features, self.graph, None if self.model.psi is None else hyperedges)

    def embeddings(self) -> dict[str, np.ndarray]:
        """Within-node variance of z_{i|e}, and all z_{i|e} of the nodes in most hyperedges."""
        assert self.model.psi is not None
        self.model.eval()
        with torch.no_grad():
            found = self.model.encoder(self.features, self.graph, self.graph.every_hyperedge)
            pairs = self.model.psi(found.nodes, found.edges, self.graph)
            mean = self.graph.mean_by_node @ pairs
            variance = (self.graph.mean_by_node @ (pairs - self.graph.node_of @ mean).square()).sum(dim=1)
        degrees = self.study.hypergraph.degrees
        shown = np.argsort(-degrees, kind="stable")[:SHOWN_NODES]
        node = self.graph.hypergraph.node
        places = np.concatenate([np.flatnonzero(node == one)[:SHOWN_HYPEREDGES] for one in shown])
        return {
            "degree": degrees,
            "variance": variance.cpu().numpy(),
            "pair_node": node[places],
            "pair_edge": self.graph.hypergraph.edge[places],
            "pair_embedding": pairs.cpu().numpy()[places],
            "shown_node": shown,
            "shown_embedding": found.nodes.cpu().numpy()[shown],
        }


def classify_nodes(run: Run, settings: Train, study: Study, seed: int) -> dict[str, np.ndarray]:
    """Which test nodes get their class; for the first seed also embeddings, where the settings ask for them."""
    epochs = Epochs(run, settings, study, seed)
    state: State = {"model": epochs.model, "optimizer": epochs.optimizer}
    loop = run.loop(f"seed-{seed}-nodes", settings.optimization.node_epochs, state, seed=seed)
    for _ in loop:
        loop.log(seed=seed, split="nodes", loss=epochs.step())
    found = {f"{seed}/nodes/correct": epochs.test()}
    if settings.keep_embeddings and epochs.model.psi is not None and seed == run.seeds[0]:
        found |= {f"embeddings/{name}": array for name, array in epochs.embeddings().items()}
    return found
