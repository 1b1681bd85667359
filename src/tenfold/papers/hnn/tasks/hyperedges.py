"""Hyperedge prediction: which sets of nodes are hyperedges?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from tenfold.data.hypergraphs import Hypergraph
from tenfold.errors import DataError
from tenfold.papers.hnn import negatives
from tenfold.papers.hnn.encoders import Encoder
from tenfold.papers.hnn.fitting import adam
from tenfold.papers.hnn.methods import new_encoder, psi_of
from tenfold.papers.hnn.negatives import KnownSets
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.penalty import laplacian_penalty
from tenfold.papers.hnn.scoring import SetScorer
from tenfold.papers.hnn.settings import Sampler, Train
from tenfold.papers.hnn.study import NodeFeatures, Study
from tenfold.training.checkpoint import State
from tenfold.training.run import Run


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test hyperedges of one seed."""

    train: Hypergraph
    test: Hypergraph


def split_hyperedges(hypergraph: Hypergraph, test_share: float, train_share: float, rng: np.random.Generator) -> Split:
    """A random share of the hyperedges for the test, another for training; smaller training shares are nested.

    Raises DataError when the shares overlap or one of them is empty.
    """
    count = hypergraph.edges
    order = rng.permutation(count)
    test, train = round(test_share * count), round(train_share * count)
    if test + train > count or test < 1 or train < 2:
        raise DataError(f"{train} training and {test} test hyperedges cannot be drawn from {count}")
    return Split(hypergraph.select(np.sort(order[test : test + train])), hypergraph.select(np.sort(order[:test])))


def draw_negatives(sampler: Sampler, positives: Hypergraph, known: KnownSets, rng: np.random.Generator) -> Hypergraph:
    """For each hyperedge a set of the same size that is none."""
    if sampler == "uniform":
        return negatives.uniform(positives.sizes, positives.nodes, known, rng)
    return negatives.half_corrupted(positives, known, rng)


def side_by_side(first: Hypergraph, second: Hypergraph) -> Hypergraph:
    """The hyperedges of both, those of `first` first."""
    return Hypergraph(
        np.concatenate([first.node, second.node]),
        np.concatenate([first.edge, second.edge + first.edges]),
        first.nodes,
        first.edges + second.edges,
    )


class Predictor(nn.Module):
    """An encoder and a scorer of sets."""

    def __init__(self, settings: Train, inputs: int, hyperedges: int) -> None:
        super().__init__()
        self.encoder: Encoder = new_encoder(settings, inputs, hyperedges)
        task = settings.hyperedges
        self.scorer = SetScorer(self.encoder.width, psi_of(settings), task.scorer, task.pooling)


class Epochs:
    """One training and test: a split, a sampler, a model and its optimizer."""

    def __init__(self, run: Run, settings: Train, study: Study, seed: int, sampler: Sampler, share: float) -> None:
        self.run, self.settings, self.study, self.seed, self.sampler = run, settings, study, seed, sampler
        task = settings.hyperedges
        rng = run.numpy_generator(seed, "hyperedge-split")
        self.split = split_hyperedges(study.hypergraph, task.test_share, share, rng)
        # Training knows no hyperedge of the test, not even by leaving it out of its negatives.
        self.known = KnownSets(self.split.train)
        self.features = NodeFeatures(
            study, self.split.train, settings.features, settings.structure_dimension, run.device
        )
        with run.seeded(seed, "initial values"):
            self.model = Predictor(settings, self.features.width, self.split.train.edges).to(run.device)
        self.optimizer = adam(self.model, self.model.encoder, settings.optimization)

    def step(self, epoch: int) -> float:
        """One epoch: hyperedges that carry messages, hyperedges that are scored, as many negatives; the loss."""
        rng = self.run.numpy_generator(self.seed, "epoch", epoch)
        train = self.split.train
        if self.settings.hyperedges.supervision == "masked":
            carries = np.zeros(train.edges, dtype=bool)
            carries[rng.permutation(train.edges)[: train.edges // 2]] = True
            positives = train.select(~carries)
        else:
            carries, positives = np.ones(train.edges, dtype=bool), train
        sets = side_by_side(positives, draw_negatives(self.sampler, positives, self.known, rng))
        self.model.train()
        self.optimizer.zero_grad()
        scores, embedded, graph = self._scores(carries, sets)
        target = (torch.arange(len(scores), device=scores.device) < positives.edges).to(scores.dtype)
        loss = binary_cross_entropy_with_logits(scores, target)
        if self.settings.laplacian:
            loss = loss + self.settings.laplacian * laplacian_penalty(embedded, graph)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """Scores and whether each set is a hyperedge; the negatives are the same for all methods."""
        rng = self.run.numpy_generator(self.seed, "test negatives", self.sampler)
        positives, known = self.split.test, KnownSets(self.study.hypergraph)
        sets = side_by_side(positives, draw_negatives(self.sampler, positives, known, rng))
        self.model.eval()
        with torch.no_grad():
            scores, _, _ = self._scores(np.ones(self.split.train.edges, dtype=bool), sets)
        return scores.cpu().numpy(), np.arange(sets.edges) < positives.edges

    def _scores(self, carries: np.ndarray, sets: Hypergraph) -> tuple[torch.Tensor, torch.Tensor, Operators]:
        messages = self.split.train.select(carries).with_singletons()
        graph = Operators(messages, self.run.device, np.flatnonzero(carries))
        nodes = self.model.encoder(self.features.of(graph), graph).nodes
        return self.model.scorer(nodes, Operators(sets, self.run.device)), nodes, graph


def predict_hyperedges(run: Run, settings: Train, study: Study, seed: int) -> dict[str, np.ndarray]:
    """Scores and positives of the test sets, for each sampler and share of training hyperedges."""
    found = {}
    task = settings.hyperedges
    for sampler in task.samplers:
        for share in task.train_shares:
            split = split_name(sampler, share, task.train_shares)
            epochs = Epochs(run, settings, study, seed, sampler, share)
            state: State = {"model": epochs.model, "optimizer": epochs.optimizer}
            loop = run.loop(f"seed-{seed}-{split}", settings.optimization.hyperedge_epochs, state, seed=seed)
            for epoch in loop:
                loop.log(seed=seed, split=split, loss=epochs.step(epoch))
            scores, positive = epochs.test()
            found[f"{seed}/{split}/scores"] = scores
            found[f"{seed}/{split}/positive"] = positive
    return found


def split_name(sampler: Sampler, share: float, shares: list[float]) -> str:
    """`uniform`, or `uniform-20` where several shares of the hyperedges are trained on."""
    return sampler if len(shares) == 1 else f"{sampler}-{100 * share:.0f}"
