"""The small hypergraph of the reference values: e1 = {0, 1, 2}, e2 = {1, 2, 3}."""

from __future__ import annotations

import pytest
import torch

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.operators import Operators


@pytest.fixture(autouse=True)
def in_double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def small() -> Operators:
    return Operators(Hypergraph.from_sets([[0, 1, 2], [1, 2, 3]], 4))


def random_hypergraph(rng, nodes: int = 12, edges: int = 9, largest: int = 5) -> Hypergraph:
    """Every node in some hyperedge."""
    sets = [rng.choice(nodes, rng.integers(2, largest + 1), replace=False) for _ in range(edges)]
    return Hypergraph.from_sets(sets, nodes).with_singletons()
