"""Readers of pairs of knowledge graphs in the layout of DBP15K. Each raises DataError, naming the file.

The ids of the two graphs are disjoint and together 0..N-1. With n = 1, 2:

    ent_ids_n          id, URI
    triples_n          head, relation, tail
    ill_ent_ids        links: id in the first graph, id in the second
    training_attrs_n   URI, attribute type, attribute type ... (types that stand twice count once)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tenfold.data.knowledge_graphs import KnowledgeGraphPair, Pictures
from tenfold.data.lines import integers_by_line, open_file, texts
from tenfold.data.pickles import read_pickle
from tenfold.errors import DataError

THUMBNAIL_CHANNELS = 4


def tables(
    folder: Path, *, attributes: bool = False, images: bool = False, names: Sequence[str] = ()
) -> KnowledgeGraphPair:
    """Compressed tables (`ent_ids_1.gz` ...), thumbnails `images_n.npz` (ent_id, rgba), and files of id and name."""
    uris, sides = _entities(folder, ".gz")
    return KnowledgeGraphPair(
        sides,
        _triples(folder, ".gz", len(sides)),
        _links(folder / "ill_ent_ids.gz", sides),
        _attributes(folder, ".gz", uris) if attributes else None,
        _thumbnails(folder, len(sides)) if images else None,
        _names(folder, names, len(sides)) if names else None,
    )


def emoji(folder: Path) -> KnowledgeGraphPair:
    """What the generator `emoji.pair` writes: tables with attributes, thumbnails and names."""
    return tables(folder, attributes=True, images=True, names=["names_1.tsv.gz", "names_2.tsv.gz"])


def mmkg(
    folder: Path, *, images: str, names: str | None = None, vectors: str | None = None, width: int = 300
) -> KnowledgeGraphPair:
    """The bundle of MEAformer's authors: plain tables, `images` a pickle of id -> vector (read without running it).

    `names` is a JSON list of [id, [word, ...]], `vectors` a text file of words and their vectors (GloVe) of which only
    words of names are kept.
    """
    uris, sides = _entities(folder, "")
    named = None if names is None else _translated(folder / names, len(sides))
    return KnowledgeGraphPair(
        sides,
        _triples(folder, "", len(sides)),
        _links(folder / "ill_ent_ids", sides),
        _attributes(folder, "", uris),
        _image_vectors(folder / images, len(sides)),
        named,
        None if named is None or vectors is None else _name_vectors(folder / vectors, named, len(sides), width),
    )


# ----------------------------------------------------------------------------------------------- structure


def _rows(path: Path, columns: int) -> np.ndarray:
    """Whole numbers (n, columns) with tabs between them."""
    numbers, counts = integers_by_line(path, "\t")
    if len(wrong := np.flatnonzero(counts != columns)):
        raise DataError(f"{path}: line {wrong[0] + 1}: {counts[wrong[0]]} numbers instead of {columns}")
    return numbers.reshape(-1, columns)


def _fields(path: Path, at_least: int) -> list[list[str]]:
    """Lines of a table without header, cut at tabs."""
    with open_file(path) as file:
        found = [line.rstrip("\r\n").split("\t") for line in texts(file, path)]
    for number, fields in enumerate(found, start=1):
        if len(fields) < at_least:
            raise DataError(f"{path}: line {number}: {len(fields)} fields instead of {at_least}")
    return found


def _entity(text: str, count: int, where: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number < count:
        raise DataError(f"{where}: {text!r} is not one of the entities 0..{count - 1}")
    return number


def _entities(folder: Path, ending: str) -> tuple[dict[str, int], np.ndarray]:
    """URI -> id, and the side (N,) of every id."""
    uris: dict[str, int] = {}
    of_side: list[list[int]] = [[], []]
    for side in (0, 1):
        path = folder / f"ent_ids_{side + 1}{ending}"
        for number, fields in enumerate(_fields(path, 2), start=1):
            if not fields[0].isdecimal():
                raise DataError(f"{path}: line {number}: {fields[0]!r} is not an id")
            of_side[side].append(int(fields[0]))
            uris[fields[1]] = int(fields[0])
    ids = np.array(of_side[0] + of_side[1])
    if not np.array_equal(np.sort(ids), np.arange(len(ids))):
        raise DataError(f"{folder}: the ids of ent_ids_1 and ent_ids_2 are not 0..{len(ids) - 1}, each once")
    sides = np.empty(len(ids), dtype=np.int8)
    for side in (0, 1):
        sides[of_side[side]] = side
    return uris, sides


def _triples(folder: Path, ending: str, count: int) -> np.ndarray:
    parts = []
    for side in (1, 2):
        path = folder / f"triples_{side}{ending}"
        rows = _rows(path, 3)
        if len(wrong := np.flatnonzero((rows[:, [0, 2]] >= count).any(axis=1))):
            raise DataError(f"{path}: line {wrong[0] + 1}: an entity that ent_ids_1 and ent_ids_2 do not have")
        parts.append(rows)
    return np.concatenate(parts)


def _links(path: Path, sides: np.ndarray) -> np.ndarray:
    rows = _rows(path, 2)
    known = np.asarray((rows < len(sides)).all(axis=1))
    right = known.copy()
    right[known] = (sides[rows[known, 0]] == 0) & (sides[rows[known, 1]] == 1)
    if len(wrong := np.flatnonzero(~right)):
        raise DataError(f"{path}: line {wrong[0] + 1}: not an entity of the first graph and one of the second")
    return rows


def _attributes(folder: Path, ending: str, uris: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Lines of entities that are not in the graphs are passed over, as in the published code."""
    types: dict[str, int] = {}
    found: dict[tuple[int, int], None] = {}
    for side in (1, 2):
        for uri, *attributes in _fields(folder / f"training_attrs_{side}{ending}", 1):
            if uri in uris:
                found |= {(uris[uri], types.setdefault(name, len(types))): None for name in attributes if name}
    pairs = np.array(list(found), dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


# -------------------------------------------------------------------------------------- pictures and names


def _thumbnails(folder: Path, count: int) -> Pictures:
    entities, values = [], []
    for side in (1, 2):
        path = folder / f"images_{side}.npz"
        try:
            with np.load(path, allow_pickle=False) as file:
                ids, pixels = file["ent_id"], file["rgba"]
        except Exception as error:  # zipfile, zlib and numpy raise many kinds for a damaged file
            raise DataError(f"{path} cannot be read ({error}); fetch the data again") from error
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != THUMBNAIL_CHANNELS:
            raise DataError(f"{path}: rgba is {pixels.dtype} {pixels.shape} instead of bytes (n, height, width, 4)")
        if (
            ids.shape != (len(pixels),)
            or ids.dtype.kind not in "iu"
            or (len(ids) and not 0 <= ids.min() <= ids.max() < count)
        ):
            raise DataError(f"{path}: ent_id does not say one entity for each of {len(pixels)} pictures")
        entities.append(ids.astype(np.int64))
        values.append(pixels)
    return Pictures(np.concatenate(entities), np.concatenate(values))


def _image_vectors(path: Path, count: int) -> Pictures:
    content = read_pickle(path)
    try:
        pairs = [(int(entity), np.asarray(vector, dtype=np.float32).ravel()) for entity, vector in content.items()]
        values = np.stack([vector for _, vector in pairs])
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{path}: is not a mapping of ids to vectors of one length ({error})") from error
    entities = np.array([entity for entity, _ in pairs])
    if entities.min() < 0 or entities.max() >= count or not np.isfinite(values).all():
        raise DataError(f"{path}: an id that is no entity, or a vector with a value that is not finite")
    return Pictures(entities, values)


def _names(folder: Path, files: Sequence[str], count: int) -> dict[int, str]:
    found = {}
    for file in files:
        for number, fields in enumerate(_fields(folder / file, 2), start=1):
            found[_entity(fields[0], count, f"{folder / file}: line {number}")] = fields[1]
    return found


def _translated(path: Path, count: int) -> dict[int, str]:
    try:
        with open_file(path) as file:
            content = json.loads(file.read())
        return {_entity(str(one), count, str(path)): " ".join(map(str, words)) for one, words in content}
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: is not a JSON list of [id, words] ({error})") from error


def _name_vectors(path: Path, names: dict[int, str], count: int, width: int) -> np.ndarray:
    """Mean vector of the known words of each name."""
    words = {word for name in names.values() for word in name.lower().split(" ")}
    vectors: dict[str, np.ndarray] = {}
    with open_file(path) as file:
        for line in file:  # a file of a gigabyte, of which few lines are wanted
            word, _, numbers = line.partition(b" ")
            text = word.decode("utf-8", errors="replace").lower()
            if text in words:
                vector = np.array(numbers.split(), dtype=np.float32)
                if len(vector) == width:
                    vectors[text] = vector
    if not vectors:
        raise DataError(f"{path}: has no vector of width {width} for any word of the names")
    found = np.full((count, width), np.nan, dtype=np.float32)
    for entity, name in names.items():
        known = [vectors[word] for word in name.lower().split(" ") if word in vectors]
        if known:
            found[entity] = np.mean(known, axis=0)
    return found
