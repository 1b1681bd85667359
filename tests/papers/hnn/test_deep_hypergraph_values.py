"""Operators against values of DeepHypergraph (`dhg` 0.9.7), which the suite does not install: it needs optuna.

The values were printed once by that package, in single precision, for the hypergraph below: `smoothing_with_HGNN`,
`L_HGNN`, `v2v(aggr="mean")`, `v2e(aggr="mean")`, `UniGCNConv` and `HNHNConv` with the identity as weights, without
bias or activation, and `Graph.from_hypergraph_clique` with `smoothing_with_GCN`. Its HyperGCN with mediators leaves out
the edge between the two ends of a hyperedge, which the authors' code has: only edges to mediators are compared.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.baselines.convolutions import unigcn
from tenfold.papers.hnn.baselines.hypergcn import star_edges
from tenfold.papers.hnn.operators import Operators

X = torch.tensor([[node, node**2 / 10] for node in range(1, 7)], dtype=torch.float64)
THETA = [
    [0.25, 0.17677669, 0.17677669, 0.17677669, 0.0, 0.0],
    [0.17677669, 0.37499997, 0.12499999, 0.12499999, 0.0, 0.24999999],
    [0.17677669, 0.12499999, 0.37499997, 0.12499999, 0.24999999, 0.0],
    [0.17677669, 0.12499999, 0.12499999, 0.29166666, 0.16666667, 0.16666667],
    [0.0, 0.0, 0.24999999, 0.16666667, 0.41666666, 0.16666667],
    [0.0, 0.24999999, 0.0, 0.16666667, 0.16666667, 0.41666666],
]
HGNN = [
    [1.84099030, 0.53765243], [3.30177665, 1.38017762], [3.30177665, 1.23017764],
    [3.80177665, 1.66351104], [4.5, 2.13333321], [4.5, 2.28333330],
]  # fmt: skip
WALK = [[2.5, 0.75], [3.25, 1.375], [3.25, 1.22500002], [3.75, 1.65833330], [4.5, 2.13333321], [4.5, 2.28333330]]
MEANS = [[2.5, 0.75], [4.0, 1.70000005], [5.0, 2.56666660], [4.0, 2.0]]
UNIGCN = [
    [1.88982248, 0.56694674], [3.33630610, 1.40089190], [3.33630610, 1.25089192],
    [3.83630633, 1.68422508], [4.5, 2.13333321], [4.5, 2.28333306],
]  # fmt: skip
GCN = [
    [2.18453050, 0.64228743], [3.29554439, 1.37946379], [3.07193756, 1.13349628],
    [4.02902746, 1.76958263], [4.23731709, 2.05284452], [4.01371002, 1.94104135],
]  # fmt: skip
MEDIATED = {(1, 3): 0.2, (0, 1): 0.2, (2, 3): 0.2, (0, 2): 0.2, (4, 5): 1 / 3, (3, 4): 1 / 3}


@pytest.fixture
def graph() -> Operators:
    return Operators(Hypergraph.from_sets([[0, 1, 2, 3], [2, 4], [3, 4, 5], [1, 5]], 6))


def close(found: torch.Tensor, expected: list) -> bool:
    return torch.allclose(found, torch.tensor(expected, dtype=torch.float64), atol=1e-6)


def test_hgnn(graph):
    assert close(graph.theta(torch.eye(6)), THETA)
    assert close(graph.theta(X), HGNN)


def test_means_and_the_random_walk(graph):
    assert close(graph.to_edges @ X, MEANS)
    assert close(graph.walk(X), WALK)


def test_unigcn(graph):
    assert close(unigcn(graph, X), UNIGCN)


def test_hnhn_with_plain_means(graph):
    over_edges, over_nodes = graph.weighted_means(0.0, 0.0)
    assert close(over_edges @ (over_nodes @ X), WALK)


def test_gcn_on_the_clique_expansion(graph):
    assert close(graph.clique(X), GCN)


def test_edges_of_hypergcn_to_mediators(graph):
    start, end, weight = star_edges(graph.hypergraph, X[:, 0].numpy())  # any positive vector gives this order
    ends = {(0, 3), (2, 4), (3, 5), (1, 5)}
    pairs = [tuple(sorted(pair)) for pair in zip(start.tolist(), end.tolist(), strict=True)]
    found = {pair: value for pair, value in zip(pairs, weight.tolist(), strict=True) if pair not in ends}
    assert found == pytest.approx(MEDIATED)
    assert len(pairs) == len(MEDIATED) + len(ends)
    assert np.isclose(weight.sum(), 4)
