"""Readers of hypergraphs. Each raises DataError, naming the file and where it can the line, for anything malformed.

Nodes that a source calls by name are numbered from 0 in order of first appearance, those of the label file last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.data.hypergraphs import Hypergraph, HypergraphData
from tenfold.data.lines import integers_by_line, open_file
from tenfold.data.pickles import PickledMatrix, read_pickle
from tenfold.errors import DataError

__all__ = [
    "HypergraphData",
    "citation_text",
    "edge_list",
    "generated",
    "hypergcn_pickles",
    "hypergraphx_json",
    "memberships",
]


def edge_list(
    folder: Path,
    *,
    file: str = "hyperedges.txt",
    labels: str | None = None,
    features: str | None = None,
    separator: str | None = None,
) -> HypergraphData:
    """One hyperedge a line: names of its nodes, separated by blanks (or by `separator`). Empty lines are skipped.

    `labels`: a file of lines `node label`. `features`: a file of lines `node number number ...`, for every node. A node
    that only these files name is in no hyperedge. A name may hold anything but the separator.
    """
    number: dict[str, int] = {}
    sets = []
    for _, fields in _fields(folder / file, separator):
        sets.append([number.setdefault(name, len(number)) for name in fields])
    named = {what: _by_name(folder / what, separator) for what in (labels, features) if what is not None}
    for rows in named.values():
        for name in rows:
            number.setdefault(name, len(number))
    if not sets:
        raise DataError(f"{folder / file}: there is not a single hyperedge")
    hypergraph = Hypergraph.from_sets(sets, len(number))
    return HypergraphData(
        hypergraph,
        features=None if features is None else _numbers(folder / features, named[features], number),
        labels=None if labels is None else _classes(folder / labels, named[labels], number),
    )


def generated(folder: Path) -> HypergraphData:
    """The three files that `generators.hypergraphs.communities` writes."""
    return edge_list(folder, labels="labels.txt", features="features.txt")


def memberships(folder: Path, *, file: str, node: int = 0, hyperedge: int = 1) -> HypergraphData:
    """One incidence a line: columns (from 0) that name the node and the hyperedge, separated by blanks."""
    nodes: dict[str, int] = {}
    hyperedges: dict[str, int] = {}
    pairs = []
    for line, fields in _fields(folder / file, None):
        if len(fields) <= max(node, hyperedge):
            raise DataError(f"{folder / file}: line {line}: {len(fields)} columns")
        first = nodes.setdefault(fields[node], len(nodes))
        pairs.append((first, hyperedges.setdefault(fields[hyperedge], len(hyperedges))))
    if not pairs:
        raise DataError(f"{folder / file}: there is not a single line")
    array = np.array(pairs, dtype=np.int64)
    return HypergraphData(Hypergraph.from_incidences(array[:, 0], array[:, 1], len(nodes), len(hyperedges)))


def hypergraphx_json(folder: Path, *, file: str, label: str | None = None) -> HypergraphData:
    """The JSON that `hypergraphx` writes: records of type `node` (idx, metadata) and `edge` (interaction).

    `label` names the entry of a node's metadata that is its class.
    """
    path = folder / file
    number: dict[Any, int] = {}
    classes: dict[int, str] = {}
    sets = []
    try:
        with open_file(path) as stream:
            records = json.load(stream)
        for record in records:
            if record.get("type") == "node":
                node = number.setdefault(record["idx"], len(number))
                if label is not None:
                    classes[node] = str(record["metadata"][label])
            elif record.get("type") == "edge":
                sets.append([number.setdefault(name, len(number)) for name in record["interaction"]])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path} is not a hypergraph in hypergraphx's JSON ({type(error).__name__}: {error})"
        ) from error
    if not sets:
        raise DataError(f"{path}: there is not a single hyperedge")
    found = None if label is None else _numbered_classes([classes.get(node) for node in range(len(number))])
    return HypergraphData(Hypergraph.from_sets(sets, len(number)), labels=found)


def citation_text(
    folder: Path, *, hyperedges: str, labels: str, splits: str | None = None, features: str | None = None
) -> HypergraphData:
    """Plain text, nodes by number: a hyperedge's nodes a line; a node's label a line; a split's training nodes a line;
    and in `features` the words of a node's document a line.
    """
    classes, counts = integers_by_line(folder / labels)
    if (counts != 1).any():
        raise DataError(f"{folder / labels}: line {int(np.flatnonzero(counts != 1)[0]) + 1}: not one label")
    nodes = len(classes)
    node, sizes = integers_by_line(folder / hyperedges)
    _inside(folder / hyperedges, node, nodes)
    edge = np.repeat(np.arange(len(sizes)), sizes)
    train: tuple[np.ndarray, ...] = ()
    if splits is not None:
        members, lengths = integers_by_line(folder / splits)
        _inside(folder / splits, members, nodes)
        train = tuple(np.split(members, np.cumsum(lengths)[:-1]))
    words = None
    if features is not None:
        word, lengths = integers_by_line(folder / features)
        if len(lengths) != nodes:
            raise DataError(f"{folder / features}: {len(lengths)} lines, {labels} has {nodes}")
        words = _bag_of_words(word, lengths)
    return HypergraphData(Hypergraph.from_incidences(node, edge, nodes, len(sizes)), words, classes, train)


def hypergcn_pickles(folder: Path, *, splits: int = 10) -> HypergraphData:
    """The pickles that the HyperGCN repository publishes: hypergraph, labels, features, and numbered splits.

    Read by a restricted unpickler. Splits are `<number>.pickle` in the folder `splits`.
    """
    classes = np.asarray(read_pickle(folder / "labels.pickle"))
    members = read_pickle(folder / "hypergraph.pickle")
    if not isinstance(members, dict) or classes.ndim != 1 or classes.dtype.kind not in "iu":
        raise DataError(f"{folder}: hypergraph.pickle must hold a dict, labels.pickle a list of whole numbers")
    features = None
    if (folder / "features.pickle").is_file():
        pickled = read_pickle(folder / "features.pickle")
        if not isinstance(pickled, PickledMatrix):
            raise DataError(f"{folder / 'features.pickle'}: holds a {type(pickled).__name__} instead of a matrix")
        features = pickled.matrix()
        if features.shape[0] != len(classes):
            raise DataError(f"{folder / 'features.pickle'}: {features.shape[0]} rows, there are {len(classes)} labels")
    try:
        sets = [[int(node) for node in nodes] for nodes in members.values()]
        train = tuple(
            np.sort(np.array([int(node) for node in read_pickle(folder / "splits" / f"{number}.pickle")["train"]]))
            for number in range(1, splits + 1)
        )
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(f"{folder}: not pickles of HyperGCN ({type(error).__name__}: {error})") from error
    for name, nodes in (("hypergraph.pickle", sets), ("splits", train)):
        for some in nodes:
            _inside(folder / name, np.asarray(some), len(classes))
    hypergraph = Hypergraph.from_sets(sets, len(classes))
    return HypergraphData(hypergraph, features, classes.astype(np.int64), train)


def _fields(path: Path, separator: str | None) -> Iterable[tuple[int, list[str]]]:
    with open_file(path) as file:
        for line, content in enumerate(file, start=1):
            try:
                text = content.decode("utf-8-sig" if line == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise DataError(f"{path}: line {line}: not UTF-8 text") from None
            if text:
                yield line, [part.strip() for part in text.split(separator)]


def _by_name(path: Path, separator: str | None) -> dict[str, tuple[int, list[str]]]:
    """Node -> line number and the fields after its name."""
    rows: dict[str, tuple[int, list[str]]] = {}
    for line, (name, *values) in _fields(path, separator):
        if not values:
            raise DataError(f"{path}: line {line}: nothing after the node's name")
        if name in rows:
            raise DataError(f"{path}: line {line}: node {name!r} stands twice")
        rows[name] = line, values
    return rows


def _classes(path: Path, rows: dict[str, tuple[int, list[str]]], number: dict[str, int]) -> np.ndarray:
    if long := [line for line, values in rows.values() if len(values) > 1]:
        raise DataError(f"{path}: line {long[0]}: more than one label")
    return _numbered_classes([rows[name][1][0] if name in rows else None for name in number])


def _numbered_classes(names: list[str | None]) -> np.ndarray:
    """Classes numbered in the order of their sorted names; -1 where there is none."""
    code = {name: place for place, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else code[name] for name in names], dtype=np.int64)


def _numbers(path: Path, rows: dict[str, tuple[int, list[str]]], number: dict[str, int]) -> Any:
    from scipy import sparse

    if missing := [name for name in number if name not in rows]:
        raise DataError(f"{path}: no features for node {missing[0]!r}")
    width = len(next(iter(rows.values()))[1])
    table = np.empty((len(number), width))
    for name, place in number.items():
        line, values = rows[name]
        try:
            table[place] = [float(value) for value in values]
        except ValueError:
            raise DataError(f"{path}: line {line}: {width} numbers are expected after the node's name") from None
        if not np.isfinite(table[place]).all():
            raise DataError(f"{path}: line {line}: a number is not finite")
    return sparse.csr_matrix(table)


def _bag_of_words(word: np.ndarray, lengths: np.ndarray) -> Any:
    from scipy import sparse

    indptr = np.concatenate([[0], np.cumsum(lengths)])
    words = sparse.csr_matrix((np.ones(len(word)), word, indptr), shape=(len(lengths), int(word.max()) + 1))
    words.sort_indices()
    return words


def _inside(path: Path, node: np.ndarray, nodes: int) -> None:
    if node.size and (node.min() < 0 or node.max() >= nodes):
        raise DataError(f"{path}: node {int(node.max())}, but there are labels for {nodes} nodes")
