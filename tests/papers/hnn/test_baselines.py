"""Baselines against hand-worked values, PyTorch Geometric, and each other where they must coincide."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.baselines import convolutions
from tenfold.papers.hnn.baselines.allset import AllDeepSets, NormalisedLinear
from tenfold.papers.hnn.baselines.convolutions import Convolutions
from tenfold.papers.hnn.baselines.hnhn import HNHN
from tenfold.papers.hnn.baselines.hypergcn import HyperGCN, end_edges, normalised_graph, star_edges
from tenfold.papers.hnn.methods import new_encoder
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.settings import Train
from tenfold.papers.hnn.sparse import SparseMatrix
from tests.papers.hnn.conftest import random_hypergraph

ENCODERS = ["hnn", "mlp", "gcn-clique", "hgnn", "hypergcn", "hypergcn-fast", "hnhn", "unignn", "allset"]


def one_layer(operator, weight: torch.Tensor) -> Convolutions:
    encoder = Convolutions(list(weight.shape), 0.0, operator, bias=False)
    encoder.weights[0].data = weight
    return encoder


def test_an_hgnn_layer_by_hand(small):
    """Theta (1, 2, 3, 4)^T: row 0 is 1/3 + 5 s, row 1 is 5 s + 5/3, s = 1 / (3 sqrt 2)."""
    s = 1 / (3 * np.sqrt(2))
    found = one_layer(convolutions.hgnn, torch.ones(1, 1))(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), small)
    assert found.nodes.ravel().tolist() == pytest.approx(
        [1 / 3 + 5 * s, 5 / 3 + 5 * s, 5 / 3 + 5 * s, 4 / 3 + 5 * s], abs=1e-6
    )


def test_a_gcn_layer_by_hand(small):
    """Degrees of A + I are (3, 5, 5, 3); row 0: 1/3 + (2 + 3) / sqrt 15."""
    found = one_layer(convolutions.clique, torch.ones(1, 1))(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), small)
    assert found.nodes[0].item() == pytest.approx(1 / 3 + 5 / np.sqrt(15), abs=1e-6)
    assert found.nodes[1].item() == pytest.approx(5 / np.sqrt(15) + 2 / 5 + 2 * 3 / 5, abs=1e-6)


def test_hgnn_on_singletons_is_an_mlp():
    graph = Operators(Hypergraph.from_sets([[i] for i in range(5)], 5))
    weight, x = torch.randn(3, 4), torch.randn(5, 3)
    first, second = one_layer(convolutions.hgnn, weight), one_layer(convolutions.nothing, weight)
    assert torch.allclose(first(x, graph).nodes, second(x, graph).nodes)


def test_the_walk_of_pytorch_geometrics_hypergraph_convolution_is_ours():
    """HypergraphConv is D^-1 H W B^-1 H^T X Theta: the random walk P, not HGNN's symmetric operator."""
    layers = pytest.importorskip("torch_geometric.nn")
    graph = random_hypergraph(np.random.default_rng(3))
    operators = Operators(graph)
    layer = layers.HypergraphConv(3, 4, bias=False)
    x, index = torch.randn(graph.nodes, 3), torch.from_numpy(np.stack([graph.node, graph.edge]))
    assert torch.allclose(layer(x, index), operators.walk(layer.lin(x)), atol=1e-5)
    root = torch.from_numpy(graph.degrees**0.5)[:, None]
    assert torch.allclose(layer(x * root.reciprocal(), index) * root, operators.theta(layer.lin(x)), atol=1e-5)


def test_the_clique_convolution_is_pytorch_geometrics_gcn_on_the_expanded_graph():
    layers = pytest.importorskip("torch_geometric.nn")
    operators = Operators(random_hypergraph(np.random.default_rng(4)))
    h = operators.sum_to_nodes.dense()
    adjacency = h @ h.T - torch.diag(h.sum(1))
    index = adjacency.nonzero().T
    layer = layers.GCNConv(3, 4, bias=False)
    x = torch.randn(len(h), 3)
    expected = layer(x, index, adjacency[index[0], index[1]])
    assert torch.allclose(operators.clique(layer.lin(x)), expected, atol=1e-5)


@pytest.mark.parametrize(("size", "edges"), [(2, 1), (3, 3), (5, 7)])
def test_hyperedges_of_hypergcn_weigh_one(size, edges):
    graph = Hypergraph.from_sets([range(size)], size)
    projection = np.arange(size)[::-1].astype(float)
    start, end, weight = star_edges(graph, projection)
    assert len(weight) == edges
    assert weight == pytest.approx(np.full(edges, 1 / edges))
    assert len({frozenset(pair) for pair in zip(start.tolist(), end.tolist(), strict=True)}) == edges
    assert all({0, size - 1} & {a, b} for a, b in zip(start.tolist(), end.tolist(), strict=True))
    assert end_edges(graph, projection)[2].tolist() == [1 / size]


def test_the_graph_of_hypergcn_by_hand(small):
    """Projection (1, 4, 2, 3): e1 joins 0-1 with mediator 2, e2 joins 2-1 with mediator 3; all weights 1/3."""
    graph = normalised_graph(small.hypergraph, np.array([1.0, 4.0, 2.0, 3.0])).toarray()
    raw = np.array([[0, 1, 1, 0], [1, 0, 2, 1], [1, 2, 0, 1], [0, 1, 1, 0]]) / 3 + np.eye(4)
    root = np.diag(raw.sum(1) ** -0.5)
    assert graph == pytest.approx(root @ raw @ root)


def test_hypergcn_leaves_singletons_to_their_self_loop():
    graph = Hypergraph.from_sets([[0], [1]], 2)
    assert normalised_graph(graph, np.zeros(2)).toarray() == pytest.approx(np.eye(2))


def test_fast_hypergcn_ignores_the_signal_and_hypergcn_does_not():
    rng = np.random.default_rng(0)
    graph, x = Operators(random_hypergraph(rng, largest=6)), torch.randn(12, 4)
    torch.manual_seed(0)
    fast, slow = HyperGCN([4, 8, 8], 0.0, fast=True), HyperGCN([4, 8, 8], 0.0, fast=False)
    assert torch.equal(fast(x, graph).nodes, fast(x, graph).nodes)
    assert not torch.equal(slow(x, graph).nodes, slow(x, graph).nodes)  # another random vector in every pass


def test_hnhn_by_hand(small):
    x = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    hnhn = HNHN([1, 1], 0.0, 0.0, 1.0)
    for parameter in hnhn.parameters():
        parameter.data = torch.ones_like(parameter) if parameter.dim() == 2 else torch.zeros_like(parameter)
    # Weighted by degree (1, 2, 2, 1): hyperedges (1 + 4 + 6) / 5 and (4 + 6 + 4) / 5; nodes are means over hyperedges.
    assert hnhn(x, small).nodes.ravel().tolist() == pytest.approx([2.2, 2.5, 2.5, 2.8], abs=1e-6)


def test_deep_sets_are_means_between_perceptrons_with_layer_normalisation(small):
    """One layer, with every module of PyTorch and every mean written out set by set."""
    torch.manual_seed(0)
    encoder, x = AllDeepSets([3, 5], 0.0), torch.randn(4, 3)
    for parameter in encoder.parameters():
        parameter.data = torch.randn_like(parameter)

    def perceptron(p, signal):
        first, norm, second = p.first, p.norm, p.second
        hidden = first.linear(torch.layer_norm(signal, signal.shape[1:], first.norm.weight, first.norm.bias)).relu()
        return second(torch.layer_norm(hidden, hidden.shape[1:], norm.weight, norm.bias))

    (to_edges,), (to_nodes,) = encoder.to_edges, encoder.to_nodes
    members = perceptron(to_edges.members, x).relu()
    edges = perceptron(to_edges.sets, torch.stack([members[[0, 1, 2]].mean(0), members[[1, 2, 3]].mean(0)])).relu()
    back = perceptron(to_nodes.members, edges).relu()
    expected = perceptron(to_nodes.sets, torch.stack([back[0], back.mean(0), back.mean(0), back[1]])).relu()
    assert torch.allclose(encoder(x, small).nodes, expected, atol=1e-6)


def test_layer_normalisation_of_sparse_rows_is_that_of_dense_rows():
    rng = np.random.default_rng(0)
    dense = rng.random((6, 40)) * (rng.random((6, 40)) < 0.2)
    dense[3] = 0  # a node without words
    layer = NormalisedLinear(40, 5)
    for parameter in layer.parameters():
        parameter.data = torch.randn_like(parameter)
    rows = torch.from_numpy(dense.astype(np.float32)).double()
    sparse_rows = SparseMatrix(sparse.csr_matrix(rows.numpy()))
    assert torch.allclose(layer(sparse_rows), layer(rows), atol=1e-4)
    gradients = [torch.autograd.grad(layer(x).square().sum(), list(layer.parameters())) for x in (sparse_rows, rows)]
    for first, second in zip(*gradients, strict=True):
        assert torch.allclose(first, second, rtol=1e-4, atol=1e-3)


def test_unigcn_on_a_regular_hypergraph_is_hgnn():
    """Equal degrees: D_m = D_v, so both operators are D_v^-1/2 H D_e^-1 H^T D_v^-1/2."""
    graph = Operators(Hypergraph.from_sets([[0, 1, 2], [2, 3, 4], [4, 5, 0], [1, 3, 5]], 6))
    x = torch.randn(6, 3)
    assert torch.allclose(convolutions.unigcn(graph, x), convolutions.hgnn(graph, x), atol=1e-6)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_has_the_width_and_gradients_of_its_settings(name, small):
    torch.manual_seed(0)
    encoder = new_encoder(Train(encoder=name, dimension=6, layers=3), 5, 2)
    nodes = encoder(torch.rand(4, 5), small).nodes
    assert nodes.shape == (4, 6)
    assert encoder.width == 6
    nodes.sum().backward()
    assert sum(p.grad is not None for p in encoder.parameters()) >= 3
    if name != "hnn":
        assert new_encoder(Train(encoder=name, dimension=6), 5, 2, classes=3)(torch.rand(4, 5), small).nodes.shape == (
            4,
            3,
        )
