"""A hypergraph on which one embedding per node must fail.

Anchors belong to one of two communities, actors have one of two roles. A hyperedge has some anchors of one community
and two actors; the label of an actor in it is (the anchors' community) xor (the actor's role). Every actor is in
equally many hyperedges of both communities, in training and in the test, so whatever is predicted from the actor
alone is right in exactly half of the cases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.settings import Planted


@dataclass(frozen=True, eq=False)
class Roles:
    """A planted hypergraph and its labelled incidences."""

    hypergraph: Hypergraph
    features: np.ndarray
    """(N, 5) float32: community (two columns, 0 for actors), role (two, 0 for anchors), 1 for actors; and noise."""
    pair: np.ndarray
    """(L,) places of the labelled incidences in the incidence list"""
    label: np.ndarray
    """(L,) 0 or 1"""
    train: np.ndarray
    """(L,) whether the label is known in training; half of each actor's in each community"""

    def arrays(self) -> dict[str, np.ndarray]:
        """As plain arrays, for the prepared data."""
        graph = self.hypergraph
        return {
            "shape": np.array([graph.nodes, graph.edges]), "node": graph.node, "edge": graph.edge,
            "features": self.features, "pair": self.pair, "label": self.label, "train": self.train,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Roles:
        nodes, edges = (int(number) for number in arrays["shape"])
        graph = Hypergraph(arrays["node"], arrays["edge"], nodes, edges)
        return cls(graph, arrays["features"], arrays["pair"], arrays["label"], arrays["train"])


def planted_roles(settings: Planted, rng: np.random.Generator) -> Roles:
    """Nodes 0 to `anchors` - 1 are anchors, the rest actors; hyperedges of community 0 come first."""
    anchors, actors, rounds = settings.anchors, settings.actors, settings.rounds
    community = np.arange(anchors) % 2
    role = rng.integers(2, size=actors)
    each = rounds * actors // 2  # hyperedges of one community: two actors each, every actor `rounds` times
    node, kind, late = [], [], []
    for side in (0, 1):
        # Rounds of pairs: a permutation of the actors two by two, so that nobody meets himself.
        pairs = np.concatenate([rng.permutation(actors).reshape(-1, 2) for _ in range(rounds)])
        chosen = rng.permuted(np.tile(np.flatnonzero(community == side), (each, 1)), axis=1)[:, : settings.anchors_each]
        node.append(np.concatenate([chosen, anchors + pairs], axis=1))
        kind.append(np.full(each, side))
        late.append(np.repeat(np.arange(rounds) >= rounds // 2, actors // 2))
    members, majority, tested = np.concatenate(node), np.concatenate(kind), np.concatenate(late)
    nodes, edges = anchors + actors, len(members)
    graph = Hypergraph.from_incidences(members.ravel(), np.repeat(np.arange(edges), members.shape[1]), nodes, edges)
    pair = np.flatnonzero(graph.node >= anchors)
    label = majority[graph.edge[pair]] ^ role[graph.node[pair] - anchors]
    features = np.zeros((nodes, 5))
    features[np.arange(anchors), community] = 1
    features[anchors + np.arange(actors), 2 + role] = 1
    features[anchors:, 4] = 1
    features += settings.noise * rng.standard_normal(features.shape)
    return Roles(graph, features.astype(np.float32), pair, label, ~tested[graph.edge[pair]])
