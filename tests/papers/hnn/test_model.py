"""HNN's layers, psi and scores against dense formulas, symmetries and hand-worked values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.methods import new_encoder
from tenfold.papers.hnn.model import HNNEncoder, HNNLayer, HyperedgeDependent, Walks
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.scoring import NodeClassifier, SetScorer, mean_cosine, pooled
from tenfold.papers.hnn.settings import HNN, Train
from tests.papers.hnn.conftest import random_hypergraph

VARIANTS = [
    {}, {"self_term": True}, {"simultaneous": True}, {"hop2": True}, {"edge_walk": False}, {"cross": False},
    {"weighted": True}, {"concat_layers": True}, {"edge_walk": False, "cross": False},
]  # fmt: skip


def by_formula(layer: HNNLayer, h: np.ndarray, z: torch.Tensor, y: torch.Tensor, w: np.ndarray):
    """Z' and Y' with every matrix formed: P = D_v^-1 H W D_e^-1 H^T, D_v = diag(H W 1)."""
    variant = layer.variant
    to_nodes = torch.from_numpy((h * w) / (h @ w)[:, None])  # D_v^-1 H W
    to_edges = torch.from_numpy((h / h.sum(0)).T)  # D_e^-1 H^T
    p, p_e = to_nodes @ to_edges, to_edges @ to_nodes
    p = p @ p if variant.hop2 else p
    total = p @ z @ layer.node
    if variant.cross:
        total = total + to_nodes @ y @ layer.edge_to_node
    if variant.self_term:
        total = total + z @ layer.node
    new_z = total.relu()
    total = torch.zeros(h.shape[1], layer.node.shape[1])
    if variant.edge_walk:
        total = total + p_e @ y @ layer.edge
    if variant.cross:
        total = total + to_edges @ (z if variant.simultaneous else new_z) @ layer.node_to_edge
    if not variant.edge_walk and not variant.cross:
        total = to_edges @ new_z
    return new_z, total.relu()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_encoder_is_its_formula(variant):
    rng = np.random.default_rng(0)
    graph = Operators(random_hypergraph(rng))
    h = graph.sum_to_nodes.dense().numpy()
    torch.manual_seed(1)
    encoder = HNNEncoder(5, 4, 2, 0.5, HNN(**variant), graph.edges).eval()
    weights = np.ones(graph.edges)
    if encoder.log_weights is not None:
        encoder.log_weights.data = torch.randn(graph.edges)
        weights = encoder.log_weights.detach().exp().numpy()
    x = torch.randn(graph.nodes, 5)
    z, y = x, torch.from_numpy((h / h.sum(0)).T) @ x
    read = []
    for layer in encoder.layers:
        z, y = by_formula(layer, h, z, y, weights)
        read.append((z, y))
    read = read if HNN(**variant).concat_layers else read[-1:]
    found = encoder(x, graph, graph.every_hyperedge)
    assert torch.allclose(found.nodes, torch.cat([pair[0] for pair in read], 1), atol=1e-5)
    assert torch.allclose(found.edges, torch.cat([pair[1] for pair in read], 1), atol=1e-5)
    assert torch.equal(encoder(x, graph).nodes, found.nodes)
    part, some = graph.around(np.array([3, 0]))
    assert torch.allclose(encoder(x, graph, some).edges, found.edges[some.places], atol=1e-5)
    assert part.hypergraph.degrees.tolist() == graph.hypergraph.degrees[[3, 0]].tolist()
    assert found.nodes.shape[1] == encoder.width


def test_weights_of_one_change_nothing_and_singletons_without_a_number_keep_one(small):
    plain, weighted = Walks(small), Walks(small, torch.ones(2))
    signal = torch.randn(2, 3)
    assert torch.allclose(plain.to_nodes(signal), weighted.to_nodes(signal), atol=1e-6)
    graph = Operators(Hypergraph.from_sets([[0, 1]], 3).with_singletons(), numbers=np.array([4]))
    encoder = HNNEncoder(2, 2, 1, 0.0, HNN(weighted=True), 6)
    encoder.log_weights.data = torch.arange(6.0)
    assert encoder._weights(graph).tolist() == pytest.approx([np.exp(4), 1])


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_permuting_nodes_permutes_z_and_permuting_hyperedges_permutes_y(seed):
    rng = np.random.default_rng(seed)
    graph = random_hypergraph(rng)
    nodes, edges = rng.permutation(graph.nodes), rng.permutation(graph.edges)
    moved = Hypergraph.from_incidences(nodes[graph.node], edges[graph.edge], graph.nodes, graph.edges)
    torch.manual_seed(seed % 1000)
    encoder = new_encoder(Train(dimension=4), 3, graph.edges).eval()
    x = torch.randn(graph.nodes, 3)
    x_moved = torch.empty_like(x)
    x_moved[nodes] = x
    before, after = Operators(graph), Operators(moved)
    first = encoder(x, before, before.every_hyperedge)
    second = encoder(x_moved, after, after.every_hyperedge)
    assert torch.allclose(second.nodes[nodes], first.nodes, atol=1e-5)
    assert torch.allclose(second.edges[edges], first.edges, atol=1e-5)


def test_constant_features_give_every_node_and_hyperedge_the_same_embedding(small):
    found = new_encoder(Train(dimension=6), 3, 2).eval()(torch.ones(4, 3), small, small.every_hyperedge)
    assert torch.allclose(found.nodes, found.nodes[:1].expand(4, -1), atol=1e-5)
    assert torch.allclose(found.edges, found.edges[:1].expand(2, -1), atol=1e-5)


def test_residual_psi_without_weights_returns_the_node(small):
    psi = HyperedgeDependent(3, "residual")
    for parameter in psi.parameters():
        parameter.data.zero_()
    z, y = torch.randn(4, 3), torch.randn(2, 3)
    assert torch.equal(psi(z, y, small), z[small.hypergraph.node])


@pytest.mark.parametrize("kind", ["residual", "no-residual", "gated", "hadamard", "sum", "none"])
def test_equal_hyperedges_give_equal_embeddings_of_a_node_and_others_do_not(kind, small):
    torch.manual_seed(0)
    psi = HyperedgeDependent(16, kind)
    z, y = torch.randn(4, 16), torch.randn(2, 16)
    node = small.hypergraph.node
    (first, second) = np.flatnonzero(node == 1)
    same = psi(z, y[:1].expand(2, -1), small)
    assert torch.allclose(same[first], same[second])
    other = psi(z, y, small)
    assert bool(torch.allclose(other[first], other[second])) == (kind == "none")


def test_psi_of_a_pair_by_hand(small):
    """[z ; y] W + b with W = (I ; 2 I), b = 1: z + relu(z + 2 y + 1)."""
    psi = HyperedgeDependent(1, "residual")
    psi.node.data[:], psi.edge.data[:], psi.bias.data[:] = 1.0, 2.0, 1.0
    z, y = torch.tensor([[1.0], [2.0], [3.0], [4.0]]), torch.tensor([[0.5], [-4.0]])
    assert psi(z, y, small).ravel().tolist() == [1 + 3, 2 + 4, 3 + 5, 2, 3, 4]


def test_pools_of_three_vectors():
    members = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.3, 0.4]])
    sets = Operators(Hypergraph.from_sets([[0, 1, 2], [3]], 4))
    assert mean_cosine(members, sets).tolist() == pytest.approx([1.4 / 3, 0])
    assert pooled(members, sets, "maxmin").tolist() == [[1, 1], [0, 0]]
    assert pooled(members, sets, "mean")[0].tolist() == pytest.approx([1.6 / 3, 0.6])


def test_scores_of_sets_do_not_depend_on_the_order_of_the_sets():
    torch.manual_seed(0)
    scorer, z = SetScorer(4, "residual", "mlp", "maxmin"), torch.randn(6, 4)
    sets = [[0, 1, 2], [3, 4], [1, 5], [0, 2, 3, 5]]
    scores = scorer(z, Operators(Hypergraph.from_sets(sets, 6)))
    backwards = scorer(z, Operators(Hypergraph.from_sets(sets[::-1], 6)))
    assert torch.allclose(scores, backwards.flip(0))


def test_the_score_of_a_known_hyperedge_uses_the_mean_of_its_nodes(small):
    """A learned embedding of the hyperedge itself would give positives away."""
    scorer, z = SetScorer(3, "sum", "mlp", "mean"), torch.randn(4, 3)
    mean = z[:3].mean(0)
    expected = scorer.mlp((z[:3] + mean).mean(0))
    assert scorer(z, small)[0].item() == pytest.approx(expected.item(), abs=1e-6)


def test_the_classifier_adds_the_mean_over_a_nodes_hyperedges(small):
    classifier = NodeClassifier(2, 2, "sum")
    classifier.linear.weight.data, classifier.linear.bias.data = torch.eye(2), torch.zeros(2)
    z, y = torch.randn(4, 2), torch.randn(2, 2)
    expected = torch.stack([2 * z[0] + y[0], 2 * z[1] + y.mean(0), 2 * z[2] + y.mean(0), 2 * z[3] + y[1]])
    assert torch.allclose(classifier(z, y, small), expected, atol=1e-6)
