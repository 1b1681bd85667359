"""Operators against hand-worked values, closed forms and plain dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.penalty import laplacian_penalty
from tests.papers.hnn.conftest import random_hypergraph

S = 1 / (3 * np.sqrt(2))
P = np.array(
    [[1 / 3, 1 / 3, 1 / 3, 0], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0, 1 / 3, 1 / 3, 1 / 3]]
)
THETA = np.array([[1 / 3, S, S, 0], [S, 1 / 3, 1 / 3, S], [S, 1 / 3, 1 / 3, S], [0, S, S, 1 / 3]])


def walk(graph: Operators) -> np.ndarray:
    return graph.walk(torch.eye(graph.nodes)).numpy()


def edge_walk(graph: Operators) -> np.ndarray:
    return graph.edge_walk(torch.eye(graph.edges)).numpy()


def incidence(graph: Operators) -> np.ndarray:
    return graph.sum_to_nodes.dense().double().numpy()


def test_node_walk_of_the_small_hypergraph(small):
    assert walk(small) == pytest.approx(P, abs=1e-7)


def test_edge_walk_of_the_small_hypergraph(small):
    assert edge_walk(small) == pytest.approx(np.array([[2 / 3, 1 / 3], [1 / 3, 2 / 3]]), abs=1e-7)


def test_stationary_distributions_are_the_degrees(small):
    assert np.array([1, 2, 2, 1]) / 6 @ walk(small) == pytest.approx(np.array([1, 2, 2, 1]) / 6, abs=1e-7)
    assert np.array([0.5, 0.5]) @ edge_walk(small) == pytest.approx([0.5, 0.5], abs=1e-7)


def test_nonzero_eigenvalues_of_both_walks_coincide(small):
    assert sorted(np.linalg.eigvals(walk(small)).real) == pytest.approx([0, 0, 1 / 3, 1], abs=1e-6)
    assert sorted(np.linalg.eigvals(edge_walk(small)).real) == pytest.approx([1 / 3, 1], abs=1e-6)


def test_theta_and_its_eigenvalues(small):
    theta = small.theta(torch.eye(4)).numpy()
    assert theta == pytest.approx(THETA, abs=1e-7)
    assert np.linalg.eigvalsh(theta) == pytest.approx([0, 0, 1 / 3, 1], abs=1e-6)


def test_adjacency_of_the_clique_expansion(small):
    h = incidence(small)
    adjacency = h @ h.T - np.diag(h.sum(1))
    assert adjacency.tolist() == [[0, 1, 1, 0], [1, 0, 2, 1], [1, 2, 0, 1], [0, 1, 1, 0]]
    assert small.clique_degrees.tolist() == [3, 5, 5, 3]
    root = np.diag(small.clique_degrees**-0.5)
    expected = root @ (adjacency + np.eye(4)) @ root
    assert small.clique(torch.eye(4)).numpy() == pytest.approx(expected, abs=1e-6)


def test_means_of_a_signal(small):
    signal = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    assert (small.to_edges @ signal).ravel().tolist() == pytest.approx([2, 3], abs=1e-6)
    assert small.walk(signal).ravel().tolist() == pytest.approx([2, 2.5, 2.5, 3], abs=1e-6)


def test_one_hyperedge_of_all_nodes_averages_in_one_step():
    graph = Operators(Hypergraph.from_sets([range(5)], 5))
    assert walk(graph) == pytest.approx(np.full((5, 5), 0.2), abs=1e-7)


def test_singletons_leave_every_signal_alone():
    graph = Operators(Hypergraph.from_sets([[i] for i in range(4)], 4))
    assert walk(graph) == pytest.approx(np.eye(4))
    assert graph.theta(torch.eye(4)).numpy() == pytest.approx(np.eye(4))


def test_two_uniform_hypergraph_is_the_lazy_walk_of_the_graph():
    edges = [[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]]
    adjacency = np.zeros((4, 4))
    for a, b in edges:
        adjacency[a, b] = adjacency[b, a] = 1
    expected = (np.eye(4) + adjacency / adjacency.sum(1, keepdims=True)) / 2
    assert walk(Operators(Hypergraph.from_sets(edges, 4))) == pytest.approx(expected, abs=1e-7)


def test_duplicating_every_hyperedge_leaves_the_walk_alone(small):
    doubled = Operators(Hypergraph.from_sets([[0, 1, 2], [1, 2, 3]] * 2, 4))
    assert walk(doubled) == pytest.approx(walk(small), abs=1e-7)


def test_nodes_in_no_hyperedge_get_zero():
    graph = Operators(Hypergraph.from_sets([[0, 1]], 3))
    assert walk(graph)[2].tolist() == [0, 0, 0]
    assert graph.theta(torch.eye(3))[2].tolist() == [0, 0, 0]


@given(st.integers(0, 2**32 - 1))
def test_every_operator_equals_its_dense_formula(seed):
    rng = np.random.default_rng(seed)
    graph = Operators(random_hypergraph(rng))
    h = incidence(graph)
    sizes, degrees = h.sum(0), h.sum(1)
    e, v = np.diag(1 / sizes), np.diag(1 / degrees)
    signal = rng.standard_normal((len(degrees), 3))
    dense = torch.from_numpy(signal)
    assert graph.walk(dense).numpy() == pytest.approx(v @ h @ e @ h.T @ signal, abs=1e-5)
    root = np.sqrt(v)
    assert graph.theta(dense).numpy() == pytest.approx(root @ h @ e @ h.T @ root @ signal, abs=1e-5)
    adjacency = h @ h.T - np.diag(degrees) + np.eye(len(degrees))
    scale = np.diag(adjacency.sum(1) ** -0.5)
    assert graph.clique(dense).numpy() == pytest.approx(scale @ adjacency @ scale @ signal, abs=1e-5)
    over_edges, over_nodes = graph.weighted_means(-0.5, 0.7)
    w = h.T * degrees**0.7
    assert (over_nodes @ dense).numpy() == pytest.approx(w / w.sum(1, keepdims=True) @ signal, abs=1e-5)
    w = h * sizes**-0.5
    assert over_edges.dense().numpy() == pytest.approx(w / w.sum(1, keepdims=True), abs=1e-6)
    mean_degree = (e @ h.T @ degrees) ** -0.5
    assert graph.unigcn.dense().numpy() == pytest.approx(root @ h * mean_degree, abs=1e-6)
    laplacian = np.eye(len(degrees)) - root @ h @ e @ h.T @ root
    assert np.linalg.eigvalsh(laplacian).min() > -1e-9
    penalty = np.trace(signal.T @ laplacian @ signal) / len(signal)
    assert float(laplacian_penalty(dense, graph)) == pytest.approx(penalty, abs=1e-5)


def test_selection_and_singletons():
    graph = Hypergraph.from_sets([[0, 1], [1, 2], [2, 3]], 5)
    chosen = graph.select(np.array([True, False, True]))
    assert (chosen.node.tolist(), chosen.edge.tolist(), chosen.edges) == ([0, 1, 2, 3], [0, 0, 1, 1], 2)
    covered = graph.select(np.array([0])).with_singletons()
    assert covered.edges == 4
    assert covered.degrees.tolist() == [1, 1, 1, 1, 1]
    assert covered.node[2:].tolist() == [2, 3, 4]


@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=20))
def test_duplicates_are_found_whatever_their_order(sets):
    graph = Hypergraph.from_sets([sorted(s, reverse=True) for s in sets], 6)
    expected = [members not in sets[:place] for place, members in enumerate(sets)]
    assert graph.first_of_duplicates().tolist() == expected
