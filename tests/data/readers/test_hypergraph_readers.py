"""Readers of hypergraphs: what they make of small files, and what they refuse."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from scipy import sparse

from tenfold.data.generators.hypergraphs import communities
from tenfold.data.readers import hypergraphs, read
from tenfold.errors import ConfigError, DataError


def sets_of(data) -> list[list[int]]:
    graph = data.hypergraph
    return [part.tolist() for part in np.split(graph.node, graph.offsets[1:-1])]


def test_an_edge_list_with_names_labels_and_features(tmp_path):
    (tmp_path / "hyperedges.txt").write_text("anna bob\n\nbob carl anna\ncarl dora\n")
    (tmp_path / "labels.txt").write_text("anna red\ncarl blue\nemil red\n")
    (tmp_path / "features.txt").write_text("anna 1 0\nbob 0 1\ncarl 0.5 0.5\ndora 0 0\nemil 2 2\n")
    data = hypergraphs.edge_list(tmp_path, labels="labels.txt", features="features.txt")
    assert sets_of(data) == [[0, 1], [0, 1, 2], [2, 3]]
    assert data.hypergraph.nodes == 5  # emil is in no hyperedge
    assert data.labels.tolist() == [1, -1, 0, -1, 1]
    assert data.features.toarray().tolist() == [[1, 0], [0, 1], [0.5, 0.5], [0, 0], [2, 2]]


def test_an_edge_list_with_a_separator(tmp_path):
    (tmp_path / "e.csv").write_text("New York, Rome\nRome,Oslo\n")
    assert sets_of(hypergraphs.edge_list(tmp_path, file="e.csv", separator=",")) == [[0, 1], [1, 2]]


def test_memberships(tmp_path):
    (tmp_path / "m.txt").write_text("g1 d1\ng2 d1\ng1 d2\ng1 d1\n")
    assert sets_of(hypergraphs.memberships(tmp_path, file="m.txt")) == [[0, 1], [0]]
    assert sets_of(hypergraphs.memberships(tmp_path, file="m.txt", node=1, hyperedge=0)) == [[0, 1], [0]]


def test_hypergraphx_json(tmp_path):
    records = [
        {"hypergraph_type": "Hypergraph"},
        {"type": "node", "idx": 9, "metadata": {"class": "b"}},
        {"type": "node", "idx": 4, "metadata": {"class": "a"}},
        {"type": "edge", "interaction": [4, 9], "metadata": {}},
    ]
    (tmp_path / "h.json").write_text(json.dumps(records))
    data = hypergraphs.hypergraphx_json(tmp_path, file="h.json", label="class")
    assert (sets_of(data), data.labels.tolist()) == ([[0, 1]], [1, 0])


def write_citation(folder):
    (folder / "h.txt").write_text("0 2\n1 2 3\n")
    (folder / "l.txt").write_text("0\n1\n1\n0\n")
    (folder / "s.txt").write_text("0 1\n2 3\n")
    (folder / "f.txt").write_text("0 4\n1\n2\n0 1 2\n")
    return {"hyperedges": "h.txt", "labels": "l.txt", "splits": "s.txt", "features": "f.txt"}


def test_citation_text_and_pickles_of_the_same_hypergraph_agree(tmp_path):
    text = hypergraphs.citation_text(tmp_path, **write_citation(tmp_path))
    features = sparse.csr_matrix(text.features)
    for name, value in (
        ("hypergraph", {"a": [0, 2], "b": {1, 2, np.int64(3)}}), ("labels", [0, 1, np.int64(1), 0]),
        ("features", features), ("splits/1", {"train": [1, 0], "test": [2, 3]}), ("splits/2", {"train": [2, 3]}),
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps(value))
    pickled = hypergraphs.hypergcn_pickles(tmp_path, splits=2)
    assert sets_of(text) == sets_of(pickled) == [[0, 2], [1, 2, 3]]
    assert text.labels.tolist() == pickled.labels.tolist()
    assert (text.features != pickled.features).nnz == 0
    assert text.features.toarray()[3].tolist() == [1, 1, 1, 0, 0]
    assert [s.tolist() for s in text.splits] == [s.tolist() for s in pickled.splits] == [[0, 1], [2, 3]]


def test_generated_communities_are_read_and_equal_for_equal_settings(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        communities(tmp_path / name, seed=1, nodes=40, hyperedges=300, mixing=0.1)
    data = hypergraphs.generated(tmp_path / "a")
    assert (tmp_path / "a" / "hyperedges.txt").read_bytes() == (tmp_path / "b" / "hyperedges.txt").read_bytes()
    assert data.hypergraph.edges == 300
    assert data.features.shape == (40, 30)
    graph = data.hypergraph
    same = [len(set(data.labels[part].tolist())) == 1 for part in np.split(graph.node, graph.offsets[1:-1])]
    assert 0.6 < np.mean(same) < 0.95  # about 0.9 ^ 3
    with pytest.raises(ConfigError):
        communities(tmp_path, seed=1, nodes=3, hyperedges=5)


def call(reader, folder, **settings):
    return read(f"hypergraphs.{reader}", folder, settings)


@pytest.mark.parametrize(
    ("reader", "settings", "files", "message"),
    [
        ("edge_list", {}, {"hyperedges.txt": "\n\n"}, "not a single hyperedge"),
        ("edge_list", {}, {}, "does not exist"),
        ("edge_list", {"labels": "l"}, {"hyperedges.txt": "a b\n", "l": "a\n"}, "l: line 1: nothing after"),
        ("edge_list", {"labels": "l"}, {"hyperedges.txt": "a b\n", "l": "a x y\n"}, "l: line 1: more than one label"),
        ("edge_list", {"labels": "l"}, {"hyperedges.txt": "a b\n", "l": "a x\na y\n"}, "line 2: node 'a' stands twice"),
        ("edge_list", {"features": "f"}, {"hyperedges.txt": "a b\n", "f": "a 1\n"}, "no features for node 'b'"),
        ("edge_list", {"features": "f"}, {"hyperedges.txt": "a b\n", "f": "a 1\nb x\n"}, "f: line 2: 1 numbers are"),
        ("edge_list", {"features": "f"}, {"hyperedges.txt": "a b\n", "f": "a 1\nb nan\n"}, "not finite"),
        ("memberships", {"file": "m"}, {"m": "a b\nc\n"}, "m: line 2: 1 columns"),
        ("hypergraphx_json", {"file": "h"}, {"h": "{"}, "not a hypergraph in hypergraphx's JSON"),
        ("hypergraphx_json", {"file": "h"}, {"h": '[{"type": "edge"}]'}, "KeyError: 'interaction'"),
        ("citation_text", {"hyperedges": "h", "labels": "l"}, {"h": "0 9\n", "l": "0\n1\n"}, "node 9, but"),
        ("citation_text", {"hyperedges": "h", "labels": "l"}, {"h": "0 1\n", "l": "0\n1 1\n"}, "line 2: not one label"),
    ],
)
def test_malformed_files_are_one_sentence(tmp_path, reader, settings, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        call(reader, tmp_path, **settings)


def test_pickles_of_another_kind_are_refused(tmp_path):
    for name, value in (("labels", [0, 1]), ("hypergraph", {"a": [0, 5]}), ("features", [1])):
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps(value))
    with pytest.raises(DataError, match="holds a list instead of a matrix"):
        hypergraphs.hypergcn_pickles(tmp_path, splits=0)
    (tmp_path / "features.pickle").unlink()
    with pytest.raises(DataError, match="node 5, but"):
        hypergraphs.hypergcn_pickles(tmp_path, splits=0)
