"""From a raw hypergraph to the one that is studied."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tenfold.data.hypergraphs import Hypergraph, HypergraphData
from tenfold.data.preparation import Preparation, Prepared
from tenfold.data.readers import read
from tenfold.errors import DataError
from tenfold.papers.hnn.roles import planted_roles
from tenfold.papers.hnn.settings import Planted, Prepare
from tenfold.training.seeding import numpy_generator


def prepare(task: Preparation) -> Prepared:
    """The incidence list without duplicate hyperedges, features with rows of sum 1, labels and splits.

    Raises DataError when nothing is left of the hypergraph.
    """
    settings = Prepare(**task.settings)
    if settings.planted is not None:
        return _planted(settings.planted, task.seeds)
    if task.raw is None or task.reader is None:
        raise DataError(f"{task.paper} {task.dataset}: needs `raw`, an id of config/datasets.yaml, or prepare.planted")
    data: HypergraphData = read(task.reader, task.raw, task.reader_settings)
    raw = data.hypergraph
    kept = raw.first_of_duplicates() & (raw.sizes >= settings.smallest)
    if settings.largest is not None:
        kept &= raw.sizes <= settings.largest
    graph = raw.select(kept)
    if settings.drop_uncovered:
        data, graph = _covered(data, graph)
    if graph.edges < 5:
        raise DataError(f"{task.paper} {task.dataset}: {graph.edges} hyperedges are left; see its prepare settings")
    labels = np.full(graph.nodes, -1) if data.labels is None else data.labels
    arrays = {
        "shape": np.array([graph.nodes, graph.edges]),
        "node": graph.node.astype(np.int32),
        "edge": graph.edge.astype(np.int32),
        "labels": labels.astype(np.int32),
    }
    if data.features is not None:
        arrays |= _words(data.features)
    if data.labels is not None:
        splits = data.splits or tuple(random_split(labels, settings.labelled, seed) for seed in task.seeds or (0,))
        arrays["train_nodes"] = np.concatenate(splits)
        arrays["train_offsets"] = np.concatenate([[0], np.cumsum([len(split) for split in splits])])
    return Prepared(arrays, _statistics(raw, graph, data))


def _covered(data: HypergraphData, graph: Hypergraph) -> tuple[HypergraphData, Hypergraph]:
    """The data and hypergraph without the nodes that are in none of its hyperedges, numbered anew."""
    covered = graph.degrees > 0
    number = np.cumsum(covered) - 1
    left = HypergraphData(
        data.hypergraph,
        None if data.features is None else data.features[covered],
        None if data.labels is None else data.labels[covered],
        tuple(number[split[covered[split]]] for split in data.splits),
    )
    return left, Hypergraph(number[graph.node], graph.edge, int(covered.sum()), graph.edges)


def random_split(labels: np.ndarray, each: int, seed: int) -> np.ndarray:
    """Training nodes: `each` of every class, or half of a class that has fewer than twice as many."""
    rng = numpy_generator(seed, "labelled nodes")
    chosen = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        chosen.append(rng.permutation(members)[: min(each, max(1, len(members) // 2))])
    return np.sort(np.concatenate(chosen))


def _words(features: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """Features as CSR arrays, each row divided by its sum; rows of zeros stay."""
    from tenfold.papers.hnn.operators import power

    totals = np.asarray(abs(features).sum(axis=1)).ravel()
    rows = (sparse.diags(power(totals, -1)) @ features).tocsr()
    return {
        "word": rows.indices.astype(np.int32),
        "word_value": rows.data.astype(np.float32),
        "word_offsets": rows.indptr.astype(np.int64),
        "word_count": np.array(features.shape[1]),
    }


def _statistics(raw: Hypergraph, graph: Hypergraph, data: HypergraphData) -> dict[str, float]:
    """Counts of the source, and what is kept of it."""
    sizes = raw.sizes
    return {
        "nodes": raw.nodes,
        "hyperedges": raw.edges,
        "incidences": len(raw.node),
        "mean_size": float(sizes.mean()),
        "largest": int(sizes.max()),
        "uncovered_nodes": int((raw.degrees == 0).sum()),
        "duplicates": raw.edges - int(raw.first_of_duplicates().sum()),
        "kept_nodes": graph.nodes,
        "kept_hyperedges": graph.edges,
        "kept_incidences": len(graph.node),
        "features": 0 if data.features is None else data.features.shape[1],
        "classes": 0 if data.labels is None else int(data.labels.max()) + 1,
        "training_nodes": len(data.splits[0]) if data.splits else 0,
    }


def _planted(settings: Planted, seeds: tuple[int, ...]) -> Prepared:
    arrays: dict[str, np.ndarray] = {}
    for seed in seeds:
        roles = planted_roles(settings, numpy_generator(seed, "planted roles"))
        arrays |= {f"{seed}/{name}": array for name, array in roles.arrays().items()}
    graph = roles.hypergraph
    counts = {"nodes": graph.nodes, "hyperedges": graph.edges, "incidences": len(graph.node)}
    return Prepared(arrays, {**counts, "mean_size": float(graph.sizes.mean()), "labelled_pairs": len(roles.pair)})
