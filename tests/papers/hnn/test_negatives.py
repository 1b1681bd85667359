"""Negative sets: sizes, distinctness, no hyperedges, and uniformity."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.data.hypergraphs import Hypergraph
from tenfold.errors import DataError
from tenfold.papers.hnn.negatives import KnownSets, half_corrupted, uniform
from tests.papers.hnn.conftest import random_hypergraph


def sets_of(graph: Hypergraph) -> list[frozenset[int]]:
    parts = np.split(graph.node, graph.offsets[1:-1])
    assert all(len(set(part.tolist())) == len(part) for part in parts)
    return [frozenset(part.tolist()) for part in parts]


def hyperedges(rng: np.random.Generator) -> Hypergraph:
    graph = random_hypergraph(rng, nodes=14, edges=20)
    return graph.select(graph.first_of_duplicates() & (graph.sizes > 1))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_negatives_have_the_sizes_of_the_hyperedges_and_are_none(seed):
    rng = np.random.default_rng(seed)
    graph = hyperedges(rng)
    known, positives = KnownSets(graph), set(sets_of(graph))
    drawn, corrupted = uniform(graph.sizes, graph.nodes, known, rng), half_corrupted(graph, known, rng)
    for negatives in (drawn, corrupted):
        assert negatives.sizes.tolist() == graph.sizes.tolist()
        assert not positives & set(sets_of(negatives))
        assert (np.diff(negatives.edge * graph.nodes + negatives.node) > 0).all()
    for before, after in zip(sets_of(graph), sets_of(corrupted), strict=True):
        assert len(before & after) == len(before) - len(before) // 2


def test_known_sets_are_recognised_and_others_are_not():
    graph = Hypergraph.from_sets([[0, 1], [2, 3, 4]], 6)
    asked = Hypergraph.from_sets([[0, 1], [0, 2], [2, 3, 4], [2, 3], [0, 1, 5]], 6)
    assert KnownSets(graph).contains(asked.node, asked.offsets).tolist() == [True, False, True, False, False]


def test_uniform_negatives_take_all_other_sets_equally_often():
    graph = Hypergraph.from_sets([[0, 1], [2, 3]], 5)
    rng = np.random.default_rng(0)
    counts = Counter(sets_of(uniform(np.full(8000, 2), 5, KnownSets(graph), rng)))
    others = {frozenset(pair) for pair in combinations(range(5), 2)} - set(sets_of(graph))
    assert set(counts) == others
    expected = 8000 / len(others)
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 24.3  # chi-square, 7 degrees, p .001


def test_corrupted_negatives_keep_every_half_and_take_every_other_node_equally_often():
    graph = Hypergraph.from_sets([[0, 1]] * 6000, 6)
    counts = Counter(
        sets_of(half_corrupted(graph, KnownSets(Hypergraph.from_sets([[0, 1]], 6)), np.random.default_rng(1)))
    )
    assert set(counts) == {frozenset((kept, other)) for kept in (0, 1) for other in (2, 3, 4, 5)}
    assert sum((count - 750) ** 2 / 750 for count in counts.values()) < 24.3


def test_the_whole_set_of_nodes_can_be_drawn_but_no_more():
    known = KnownSets(Hypergraph.from_sets([[0, 1]], 4))
    assert sets_of(uniform(np.array([4, 3]), 4, known, np.random.default_rng(0)))[0] == frozenset(range(4))
    with pytest.raises(DataError, match="5 nodes is wanted from 4"):
        uniform(np.array([5]), 4, known, np.random.default_rng(0))


def test_a_hypergraph_of_all_pairs_has_no_negatives():
    graph = Hypergraph.from_sets(list(combinations(range(4), 2)), 4)
    with pytest.raises(DataError, match="no negatives can be drawn"):
        uniform(graph.sizes, 4, KnownSets(graph), np.random.default_rng(0))
