"""From a raw pair of knowledge graphs to the one that is studied."""

from __future__ import annotations

import dataclasses

import numpy as np

from tenfold.data.knowledge_graphs import KnowledgeGraphPair, Pictures
from tenfold.data.preparation import Preparation, Prepared
from tenfold.data.readers import read
from tenfold.errors import DataError
from tenfold.papers.meaformer.bags import attribute_bag, bigram_bag, relation_bag
from tenfold.papers.meaformer.settings import Prepare
from tenfold.training.seeding import numpy_generator

SUBPAIR_SEED = 2023
"""All runs on a part of a pair see the same part."""


def prepare(task: Preparation) -> Prepared:
    """Structure, links, bags of words, pictures and names; with permuted pictures, who shows whose, for every seed.

    Raises DataError when the raw data is not a pair of knowledge graphs, or too few links are left.
    """
    settings = Prepare(**task.settings)
    if task.raw is None or task.reader is None:
        raise DataError(f"{task.paper} {task.dataset}: needs `raw`, an id of config/datasets.yaml")
    pair: KnowledgeGraphPair = read(task.reader, task.raw, task.reader_settings)
    if settings.links is not None:
        pair = part_of(pair, settings.links, numpy_generator(SUBPAIR_SEED, "links of a part"))
    arrays: dict[str, np.ndarray] = {
        "sides": pair.sides.astype(np.int8),
        "triples": pair.triples.astype(np.int32),
        "links": pair.links.astype(np.int32),
        **relation_bag(pair.triples, settings.bag_size).arrays("relation"),
    }
    if pair.attributes is not None:
        arrays |= attribute_bag(*pair.attributes, settings.bag_size).arrays("attribute")
    if pair.names is not None:
        arrays |= bigram_bag(pair.names).arrays("char")
        arrays["label"] = np.array([pair.names.get(entity, "") for entity in range(pair.entities)])
    if pair.name_vectors is not None:
        arrays["name_vector"] = pair.name_vectors
    if pair.pictures is not None:
        arrays |= {"vision_entity": pair.pictures.entities.astype(np.int32), "vision": pair.pictures.values}
        if settings.permuted_pictures:
            for seed in task.seeds:
                rng = numpy_generator(seed, "permuted pictures")
                arrays[f"{seed}/vision_entity"] = permuted(pair, pair.pictures, settings.permuted_pictures, rng)
    return Prepared(arrays, statistics(pair))


def statistics(pair: KnowledgeGraphPair) -> dict[str, float]:
    """Counts of both graphs, named as in the paper's table."""
    found: dict[str, float] = {"links": len(pair.links)}
    for side in (0, 1):
        own = pair.sides == side
        triples = pair.triples[own[pair.triples[:, 0]]]
        end = str(side + 1)
        found["entities_" + end] = int(own.sum())
        found["relations_" + end] = len(np.unique(triples[:, 1]))
        found["triples_" + end] = len(triples)
        if pair.attributes is not None:
            has = own[pair.attributes[0]]
            found["attribute_types_" + end] = len(np.unique(pair.attributes[1][has]))
        if pair.pictures is not None:
            found["pictures_" + end] = int(own[pair.pictures.entities].sum())
    return found


def permuted(pair: KnowledgeGraphPair, pictures: Pictures, share: float, rng: np.random.Generator) -> np.ndarray:
    """Who shows each picture (P,), after a share of the linked entities of each graph exchanged theirs at random."""
    shown = pictures.entities.copy()
    for side in (0, 1):
        linked = np.flatnonzero(np.isin(pictures.entities, pair.links[:, side]))
        drawn = linked[rng.random(len(linked)) < share]
        shown[drawn] = shown[rng.permutation(drawn)]
    return shown.astype(np.int32)


def part_of(pair: KnowledgeGraphPair, links: int, rng: np.random.Generator) -> KnowledgeGraphPair:
    """A part with so many random links: their entities, entities without any link next to them, triples among all.

    Raises DataError when the pair has fewer links.
    """
    if len(pair.links) < links:
        raise DataError(f"{links} links are wanted, but the pair has {len(pair.links)}")
    chosen = pair.links[np.sort(rng.permutation(len(pair.links))[:links])]
    kept = np.zeros(pair.entities, dtype=bool)
    kept[chosen] = True
    linked = np.zeros(pair.entities, dtype=bool)
    linked[pair.links] = True
    heads, tails = pair.triples[:, 0], pair.triples[:, 2]
    beside = np.zeros(pair.entities, dtype=bool)
    beside[tails[kept[heads]]] = True
    beside[heads[kept[tails]]] = True
    kept |= beside & ~linked
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    attributes, pictures, names, vectors = pair.attributes, pair.pictures, pair.names, pair.name_vectors
    if attributes is not None:
        here = kept[attributes[0]]
        attributes = (number[attributes[0][here]], attributes[1][here])
    if pictures is not None:
        here = kept[pictures.entities]
        pictures = Pictures(number[pictures.entities[here]], pictures.values[here])
    if names is not None:
        names = {int(number[entity]): name for entity, name in names.items() if kept[entity]}
    return dataclasses.replace(
        pair,
        sides=pair.sides[kept],
        triples=_renumbered(pair.triples[kept[heads] & kept[tails]], number),
        links=number[chosen],
        attributes=attributes,
        pictures=pictures,
        names=names,
        name_vectors=None if vectors is None else vectors[kept],
    )


def _renumbered(triples: np.ndarray, number: np.ndarray) -> np.ndarray:
    return np.column_stack([number[triples[:, 0]], triples[:, 1], number[triples[:, 2]]])
