"""From raw pairs to features: bags of words, parts of a pair, permuted pictures, missing values."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import torch

from tenfold import paths
from tenfold.data.knowledge_graphs import KnowledgeGraphPair, Pictures
from tenfold.data.preparation import Preparation
from tenfold.errors import DataError
from tenfold.papers.meaformer.bags import attribute_bag, bigram_bag, most_frequent, relation_bag
from tenfold.papers.meaformer.pair import AlignmentPair, picture_features
from tenfold.papers.meaformer.prepare import part_of, permuted, prepare


def test_relation_counts():
    """Triples (0,r,1), (0,r,2), (1,q,1): a loop counts twice."""
    bag = relation_bag(np.array([[0, 5, 1], [0, 5, 2], [1, 3, 1]]), 1000)
    dense = bag.dense(3)
    assert dense.shape == (3, 1000)  # padded
    assert dense[:, :2].tolist() == [[2, 0], [1, 2], [1, 0]]


def test_only_the_most_frequent_are_counted_ties_by_first_occurrence():
    places = most_frequent(np.array([4, 2, 2, 9, 7, 7, 4]), 3)
    assert places[[4, 2, 7, 9]].tolist() == [0, 1, 2, -1]
    assert relation_bag(np.array([[0, 4, 1], [0, 2, 1], [0, 2, 1]]), 1).dense(2).tolist() == [[2], [2]]


def test_attributes_are_zero_or_one():
    bag = attribute_bag(np.array([0, 0, 2]), np.array([1, 0, 1]), 1000)
    assert bag.dense(3).tolist() == [[1, 1], [0, 0], [1, 0]]


def test_bigrams_stay_within_words():
    bag = bigram_bag({0: "Ana a", 2: "an an"})
    assert bag.dense(3).tolist() == [[1, 1], [0, 0], [2, 0]]


def test_a_bag_survives_its_arrays():
    bag = relation_bag(np.array([[0, 5, 1], [0, 5, 2]]), 4)
    assert np.array_equal(type(bag).from_arrays(bag.arrays("x"), "x").dense(3), bag.dense(3))
    assert type(bag).from_arrays({}, "x") is None


def small_pair() -> KnowledgeGraphPair:
    """Left 0..4, right 5..9; 0-5, 1-6, 2-7 are linked; 3 and 8 are neighbours without link, 4 and 9 of nobody."""
    triples = [[0, 0, 3], [1, 0, 0], [2, 1, 3], [5, 2, 8], [6, 2, 5], [4, 1, 4], [9, 2, 9]]
    pictures = Pictures(np.array([0, 1, 2, 5, 6, 7, 3]), np.arange(7 * 16, dtype=np.uint8).reshape(7, 2, 2, 4))
    return KnowledgeGraphPair(
        np.repeat([0, 1], 5),
        np.array(triples),
        np.array([[0, 5], [1, 6], [2, 7]]),
        (np.array([0, 4, 7]), np.array([0, 1, 0])),
        pictures,
        {0: "zero", 4: "four", 7: "seven"},
        np.arange(20, dtype=np.float32).reshape(10, 2),
    )


class TakesTheFirst:
    def permutation(self, count):
        return np.arange(count)


def test_a_part_keeps_links_and_neighbours_without_any():
    part = part_of(small_pair(), 2, TakesTheFirst())
    # Kept: 0, 1, 3 and 5, 6, 8; 2 and 7 are linked but not drawn, 4 and 9 are nobody's neighbours.
    assert part.sides.tolist() == [0, 0, 0, 1, 1, 1]
    assert part.links.tolist() == [[0, 3], [1, 4]]
    assert part.triples.tolist() == [[0, 0, 2], [1, 0, 0], [3, 2, 5], [4, 2, 3]]
    assert [part.attributes[0].tolist(), part.attributes[1].tolist()] == [[0], [0]]
    assert part.pictures.entities.tolist() == [0, 1, 3, 4, 2]
    assert part.names == {0: "zero"}
    assert part.name_vectors[:, 0].tolist() == [0, 2, 6, 10, 12, 16]
    with pytest.raises(DataError, match="4 links are wanted"):
        part_of(small_pair(), 4, TakesTheFirst())


def test_pictures_change_places_within_a_graph_among_linked_entities():
    pair = small_pair()
    shown = permuted(pair, pair.pictures, 1.0, np.random.default_rng(0))
    assert sorted(shown[:3].tolist()) == [0, 1, 2]
    assert sorted(shown[3:6].tolist()) == [5, 6, 7]
    assert shown[6] == 3  # has no link
    assert np.array_equal(permuted(pair, pair.pictures, 0.0, np.random.default_rng(0)), pair.pictures.entities)


def test_about_the_share_of_pictures_moves():
    count = 2000
    pair = KnowledgeGraphPair(np.repeat([0, 1], count), np.zeros((0, 3)), np.arange(2 * count).reshape(2, -1).T)
    pictures = Pictures(np.arange(2 * count), np.zeros((2 * count, 1), np.float32))
    shown = permuted(pair, pictures, 0.4, np.random.default_rng(1))
    assert (shown != pictures.entities).mean() == pytest.approx(0.4, abs=0.02)


def test_pixels_count_by_their_opacity_and_rows_have_length_one():
    values = np.zeros((2, 1, 1, 4), np.uint8)
    values[0, 0, 0] = (255, 0, 0, 255)
    values[1, 0, 0] = (255, 255, 255, 51)  # a fifth
    found = picture_features(values, np.array([2, 0]), 3, np.random.default_rng(0))
    assert found[2] == pytest.approx(np.array([1, 0, 0, 1]) / np.sqrt(2))
    assert found[0] == pytest.approx([0.5] * 4)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(3))


def test_missing_pictures_are_drawn_around_the_mean():
    rng = np.random.default_rng(0)
    values = rng.normal([5.0, -5, 0], [0.1, 0.1, 3], (500, 3)).astype(np.float32)
    found = picture_features(values, np.arange(500), 4000, rng)[500:]
    ratio = found[:, 0] / -found[:, 1]
    assert ratio.mean() == pytest.approx(1, abs=0.01)
    assert (found[:, 2] / found[:, 0]).std() == pytest.approx(3 / 5, rel=0.1)


def prepared(**settings):
    raw = paths.EMBEDDED / "emoji-en-de"
    return prepare(Preparation("meaformer", "emoji", settings, (0, 1), raw, "knowledge_graphs.emoji"))


def test_the_emoji_pair(tmp_path):
    found = prepared(links=150, permuted_pictures=0.4)
    assert found.statistics["links"] == 150
    pair, again, other = (AlignmentPair.from_arrays(found.arrays, seed) for seed in (0, 0, 1))
    assert set(pair.features) == {"relation", "attribute", "vision", "char"}
    assert torch.equal(pair.features["vision"], again.features["vision"])
    assert not torch.equal(pair.corrupted, other.corrupted)
    assert pair.corrupted.sum() <= pair.pictured.sum() == 300
    assert pair.available(["graph", "name", "char"]) == ("graph", "char")
    assert (pair.links[:, 0] < pair.of_side(1)[0]).all()


def test_uris_are_no_features():
    """The URI of an emoji holds its code points, which are the answer: nothing prepared knows them."""
    arrays = prepared().arrays
    with gzip.open(paths.EMBEDDED / "emoji-en-de" / "ent_ids_1.gz", "rt", encoding="utf-8") as file:
        code = next(line for line in file if "1F600" in line).strip().rpartition("/")[2]
    assert not any(code.lower() in str(label).lower() for label in arrays["label"])
    assert {name for name, array in arrays.items() if array.dtype.kind in "US"} == {"label"}


def test_prepare_needs_raw_data():
    with pytest.raises(DataError, match="needs `raw`"):
        prepare(Preparation("meaformer", "emoji", {}))
