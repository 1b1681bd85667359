"""Pairs of knowledge graphs: compressed tables, and the bundle of MEAformer's authors with its pickles."""

from __future__ import annotations

import gzip
import json
import os
import pickle

import numpy as np
import pytest

from tenfold.data.readers.knowledge_graphs import emoji, mmkg, tables
from tenfold.errors import DataError

FILES = {
    "ent_ids_1": "0\tleft/a\n2\tleft/b\n4\tleft/c\n",
    "ent_ids_2": "1\tright/a\n3\tright/b\n",
    "triples_1": "0\t5\t2\n2\t5\t4\n",
    "triples_2": "1\t7\t3\n",
    "ill_ent_ids": "0\t1\n2\t3\n",
    "training_attrs_1": "left/a\tsize\tcolour\tsize\nleft/c\tcolour\nnobody\tsize\n",
    "training_attrs_2": "right/a\tGröße\n",
}
VECTORS = {0: np.array([1.0, 2, 3]), 3: np.array([4, 5, 6], dtype=np.float32)}


@pytest.fixture
def plain(tmp_path):
    """The bundle's layout."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "images.pkl").write_bytes(pickle.dumps(VECTORS))
    (tmp_path / "names.json").write_text(json.dumps([[0, ["Red", "house"]], [1, ["rouge"]], [2, ["unknown"]]]))
    (tmp_path / "glove.txt").write_text("red 1 0\nhouse 0 1\nrouge 2\ncat 5 5\n")
    return tmp_path


@pytest.fixture
def packed(tmp_path):
    """The compressed layout with thumbnails."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    for side, ids in ((1, [0, 4]), (2, [3])):
        pixels = np.full((len(ids), 2, 2, 4), side, dtype=np.uint8)
        np.savez(tmp_path / f"images_{side}.npz", ent_id=np.array(ids, np.int32), rgba=pixels)
        (tmp_path / f"names_{side}.tsv.gz").write_bytes(gzip.compress(f"{ids[0]}\tname {side}\n".encode()))
    return tmp_path


def check_structure(pair):
    assert pair.sides.tolist() == [0, 1, 0, 1, 0]
    assert pair.triples.tolist() == [[0, 5, 2], [2, 5, 4], [1, 7, 3]]
    assert pair.links.tolist() == [[0, 1], [2, 3]]


def test_compressed_tables(packed):
    pair = emoji(packed)
    check_structure(pair)
    pairs = set(zip(*(part.tolist() for part in pair.attributes), strict=True))
    assert pairs == {(0, 0), (0, 1), (4, 1), (1, 2)}
    assert pair.pictures.entities.tolist() == [0, 4, 3]
    assert pair.pictures.values[:, 0, 0, 0].tolist() == [1, 1, 2]
    assert pair.names == {0: "name 1", 3: "name 2"}


def test_what_is_not_asked_for_is_not_read(packed):
    (packed / "images_1.npz").unlink()
    pair = tables(packed)
    check_structure(pair)
    assert pair.attributes is pair.pictures is pair.names is None


def test_the_bundle(plain):
    pair = mmkg(plain, images="images.pkl", names="names.json", vectors="glove.txt", width=2)
    check_structure(pair)
    assert pair.pictures.entities.tolist() == [0, 3]
    assert pair.pictures.values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert pair.names == {0: "Red house", 1: "rouge", 2: "unknown"}
    assert pair.name_vectors[0].tolist() == [0.5, 0.5]
    assert np.isnan(pair.name_vectors[1:]).all()  # "rouge" has a vector of another width


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hacked",)


@pytest.mark.parametrize("content", [Hostile(), {0: Hostile()}, {0: [1.0], 1: Hostile()}])
def test_a_hostile_pickle_of_image_vectors_is_refused(plain, monkeypatch, content):
    monkeypatch.chdir(plain)
    (plain / "images.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=r"images\.pkl is refused: it asks for"):
        mmkg(plain, images="images.pkl")
    assert not (plain / "hacked").exists()


@pytest.mark.parametrize("content", [[1, 2], {0: [1.0], 1: [1.0, 2.0]}, {9: [1.0]}, {0: [np.nan]}, {"x": [1.0]}])
def test_image_vectors_that_are_none_are_refused(plain, content):
    (plain / "images.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=r"images\.pkl"):
        mmkg(plain, images="images.pkl")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ent_ids_1", "0\ta\n2\tb\n5\tc\n", "are not 0..4"),
        ("ent_ids_1", "x\ta\n", "line 1: 'x' is not an id"),
        ("ent_ids_2", "1\n", "line 1: 1 fields instead of 2"),
        ("triples_1", "0\t5\t2\n0\t5\n", "triples_1: line 2: 2 numbers instead of 3"),
        ("triples_2", "1\t7\t5\n", "triples_2: line 1: an entity that"),
        ("triples_1", "0 5 2\n", "something else than whole numbers and tabs"),
        ("ill_ent_ids", "0\t1\n2\t4\n", "line 2: not an entity of the first graph and one of the second"),
        ("ill_ent_ids", "0\t9\n", "line 1: not an entity"),
        ("names.json", '[[9, ["x"]]]', "'9' is not one of the entities 0..4"),
        ("names.json", "{", "is not a JSON list"),
        ("glove.txt", "cat 1 2\n", "has no vector of width 2"),
    ],
)
def test_malformed_files_are_named(plain, name, text, message):
    (plain / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        mmkg(plain, images="images.pkl", names="names.json", vectors="glove.txt", width=2)


def test_malformed_thumbnails_are_named(packed):
    np.savez(packed / "images_1.npz", ent_id=np.array([0]), rgba=np.zeros((1, 2, 2, 3), np.uint8))
    with pytest.raises(DataError, match=r"images_1\.npz: rgba is uint8 \(1, 2, 2, 3\)"):
        emoji(packed)
    np.savez(packed / "images_1.npz", ent_id=np.array([9]), rgba=np.zeros((1, 2, 2, 4), np.uint8))
    with pytest.raises(DataError, match="does not say one entity"):
        emoji(packed)
    (packed / "images_1.npz").write_bytes(b"x")
    with pytest.raises(DataError, match="cannot be read"):
        emoji(packed)
