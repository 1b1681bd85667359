"""The prepared hypergraph as training reads it, and features where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy import sparse

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.encoders import Features
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.sparse import SparseMatrix


@dataclass(frozen=True, eq=False)
class Study:
    """A hypergraph without duplicates, with what is known of its nodes."""

    hypergraph: Hypergraph
    words: sparse.csr_matrix | None
    """Features (N, F), rows with sum 1; None where the source has none."""
    labels: np.ndarray
    """(N,), -1 where unknown"""
    splits: tuple[np.ndarray, ...]
    """Training nodes of each split; seed s uses split s, and the first again after the last."""

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Study:
        nodes, edges = arrays["shape"]
        words = None
        if "word" in arrays:
            shape = (int(nodes), int(arrays["word_count"]))
            words = sparse.csr_matrix((arrays["word_value"], arrays["word"], arrays["word_offsets"]), shape=shape)
        return cls(
            Hypergraph(arrays["node"].astype(np.int64), arrays["edge"].astype(np.int64), int(nodes), int(edges)),
            words,
            arrays["labels"].astype(np.int64),
            tuple(np.split(arrays["train_nodes"], arrays["train_offsets"][1:-1])) if "train_nodes" in arrays else (),
        )

    def split(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Training and test nodes of a seed; a node without a label is in neither."""
        train = self.splits[seed % len(self.splits)]
        test = self.labels >= 0
        test[train] = False
        return train, np.flatnonzero(test)


class NodeFeatures:
    """Z^(0): the given features, or a walk from a factor of the hypergraph that the model may see.

    Without features, U are the leading left singular vectors of H (all training hyperedges) and Z^(0) = sqrt(N) P U,
    where P is of the hypergraph that carries the messages: with masked supervision a hyperedge that is scored in this
    epoch does not act through P.
    """

    def __init__(
        self,
        study: Study,
        visible: Hypergraph,
        source: Literal["given", "structure"],
        dimension: int,
        device: torch.device | str,
    ) -> None:
        self.given: SparseMatrix | None = None
        if study.words is not None and source == "given":
            self.given = SparseMatrix(study.words, device)
            self.width = study.words.shape[1]
        else:
            self.basis = torch.from_numpy(structure(visible, dimension)).to(device)
            self.width = self.basis.shape[1]

    def of(self, graph: Operators) -> Features:
        """Features (N, F) of the nodes when `graph` carries the messages."""
        return graph.walk(self.basis) if self.given is None else self.given


def structure(hypergraph: Hypergraph, dimension: int) -> np.ndarray:
    """sqrt(N) times the leading left singular vectors of H, (N, dimension) float32; fewer where H has a lower rank.

    Signs are fixed: the largest entry of each vector is positive.
    """
    from scipy.sparse.linalg import svds

    shape = (hypergraph.nodes, hypergraph.edges)
    incidence = sparse.csr_matrix((np.ones(len(hypergraph.node)), (hypergraph.node, hypergraph.edge)), shape=shape)
    count = min(dimension, min(shape) - 1)
    start = np.random.default_rng(0).standard_normal(min(shape))
    vectors, values, _ = svds(incidence, k=count, v0=start)
    order = np.argsort(-values)
    vectors = vectors[:, order][:, values[order] > 1e-8 * values.max()]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return (np.sqrt(hypergraph.nodes) * vectors).astype(np.float32)
