"""Drawing sets of nodes that are no hyperedges, all sets at once."""

from __future__ import annotations

import numpy as np

from tenfold.data.hypergraphs import Hypergraph
from tenfold.errors import DataError

_ROUNDS = 1000
"""A set that is drawn so often and is always a hyperedge has no alternative worth the name."""


class KnownSets:
    """Tells which sets of nodes are hyperedges.

    Each node has a random 64-bit number and a set the sum of its nodes', so a hyperedge is always recognised; another
    set is mistaken for one with probability M / 2^64.
    """

    def __init__(self, hypergraph: Hypergraph) -> None:
        self._number = np.random.default_rng(2212_14077).integers(2**64, size=hypergraph.nodes, dtype=np.uint64)
        self._known = np.unique(self._sums(hypergraph.node, hypergraph.offsets))

    def contains(self, node: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """(S,) whether each set, `node[offsets[s]:offsets[s + 1]]`, is a hyperedge."""
        sums = self._sums(node, offsets)
        place = np.minimum(np.searchsorted(self._known, sums), len(self._known) - 1)
        return self._known[place] == sums

    def _sums(self, node: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        return np.add.reduceat(self._number[node], offsets[:-1])


def uniform(sizes: np.ndarray, nodes: int, known: KnownSets, rng: np.random.Generator) -> Hypergraph:
    """For each size (S,) a set of that many distinct nodes, uniformly among those that are no hyperedges."""
    nothing = np.empty(0, dtype=np.int64)
    kept = Hypergraph(nothing, nothing, nodes, len(sizes))
    return _completed(kept, np.asarray(sizes), nothing, known, rng)


def half_corrupted(hypergraph: Hypergraph, known: KnownSets, rng: np.random.Generator) -> Hypergraph:
    """For each hyperedge a set that keeps the larger half of its nodes, drawn, with others in place of the rest."""
    owner, sizes = hypergraph.edge, hypergraph.sizes
    order = np.argsort(owner + rng.random(len(owner)), kind="stable")  # shuffles within each hyperedge
    rank = np.arange(len(owner)) - hypergraph.offsets[owner]
    keep = np.sort(order[rank < (sizes - sizes // 2)[owner]])
    kept = Hypergraph(hypergraph.node[keep], owner[keep], hypergraph.nodes, hypergraph.edges)
    own = owner * hypergraph.nodes + hypergraph.node  # ascending
    return _completed(kept, sizes // 2, own, known, rng)


def _completed(
    kept: Hypergraph, missing: np.ndarray, forbidden: np.ndarray, known: KnownSets, rng: np.random.Generator
) -> Hypergraph:
    """Each set of `kept` with `missing` (S,) more nodes, drawn again while the set is a hyperedge.

    `forbidden`, ascending keys `set * N + node`, are not drawn; they include the kept nodes.
    """
    nodes, count = kept.nodes, kept.edges
    available = nodes - np.bincount(forbidden // nodes, minlength=count)
    if (missing > available).any():
        place = int(np.flatnonzero(missing > available)[0])
        raise DataError(f"a set of {missing[place]} nodes is wanted from {available[place]}: no negatives can be drawn")
    drawn = _distinct(np.repeat(np.arange(count), missing), nodes, forbidden, rng)
    kept_keys = kept.edge * nodes + kept.node
    for _ in range(_ROUNDS):
        keys = np.sort(np.concatenate([kept_keys, drawn])) if len(kept_keys) else drawn
        made = Hypergraph(keys % nodes, keys // nodes, nodes, count)
        again = known.contains(made.node, made.offsets)
        if not again.any():
            return made
        redraw = again[drawn // nodes]
        drawn[redraw] = _distinct(drawn[redraw] // nodes, nodes, forbidden, rng)
    raise DataError(f"{int(again.sum())} sets stay hyperedges however often they are drawn: no negatives can be drawn")


def _distinct(owner: np.ndarray, nodes: int, forbidden: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ascending keys `set * N + node`, one for each entry of `owner` (ascending): distinct nodes within each set.

    Nodes that stand twice or are forbidden are drawn again. That treats all nodes alike, so every set of distinct
    allowed nodes is equally likely.
    """
    keys = np.sort(owner * nodes + rng.integers(nodes, size=len(owner)))
    active = np.arange(len(keys))  # places of the sets that are not finished
    while len(active):
        own = keys[active]
        wrong = np.zeros(len(own), dtype=bool)
        wrong[1:] = own[1:] == own[:-1]
        if len(forbidden):
            wrong |= forbidden[np.minimum(np.searchsorted(forbidden, own), len(forbidden) - 1)] == own
        if not wrong.any():
            break
        sets = own // nodes
        own[wrong] = sets[wrong] * nodes + rng.integers(nodes, size=int(wrong.sum()))
        unfinished = np.zeros(int(sets[-1]) + 1, dtype=bool)
        unfinished[sets[wrong]] = True
        stays = unfinished[sets]
        active = active[stays]
        keys[active] = np.sort(own[stays])
    return keys
