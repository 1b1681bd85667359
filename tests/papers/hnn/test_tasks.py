"""Data, splits, roles and the tasks of training."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from tenfold.data.hypergraphs import Hypergraph
from tenfold.data.preparation import Preparation
from tenfold.errors import DataError
from tenfold.papers.hnn.fitting import adam
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.prepare import prepare, random_split
from tenfold.papers.hnn.roles import Roles, planted_roles
from tenfold.papers.hnn.settings import Optimization, Planted, Train
from tenfold.papers.hnn.study import NodeFeatures, Study, structure
from tenfold.papers.hnn.tasks import hyperedges, nodes, pairs
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run
from tests.papers.hnn.conftest import random_hypergraph


@pytest.fixture(autouse=True)
def in_single_precision(in_double_precision):
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    monkeypatch.setattr(Job, "directory", tmp_path)
    job = Job("test", "hnn", "communities", "hnn", (0,), {})
    return Run(job, torch.device("cpu"), signature="test", progress=Progress("test", every_seconds=1e9))


def study_of(sets: list[list[int]], count: int, labels=None, words=None) -> Study:
    graph = Hypergraph.from_sets(sets, count)
    return Study(graph, words, np.array(labels or [-1] * count), (np.array([0, 1]), np.array([2])))


def own_files(folder: Path) -> Preparation:
    (folder / "e.txt").write_text("a b c\nb a c\nc d\nd\ne f\nf a\na b d e\n")
    (folder / "l.txt").write_text("a x\nb x\nc y\nd y\ne x\nf y\ng x\n")
    (folder / "f.txt").write_text("".join(f"{name} 1 {place}\n" for place, name in enumerate("abcdefg")))
    reader_settings = {"file": "e.txt", "labels": "l.txt", "features": "f.txt"}
    return Preparation("hnn", "own", {"labelled": 1}, (0, 1), folder, "hypergraphs.edge_list", reader_settings)


def test_a_new_hypergraph_needs_only_its_files_and_settings(tmp_path, run):
    prepared = prepare(own_files(tmp_path))
    assert prepared.statistics["duplicates"] == 1
    assert prepared.statistics["kept_hyperedges"] == 5  # without the duplicate and the hyperedge of d alone
    assert prepared.statistics["uncovered_nodes"] == 1  # g
    study = Study.from_arrays(prepared.arrays)
    assert study.words.sum(axis=1).ravel().tolist()[0] == pytest.approx([1] * 7)
    settings = Train(dimension=4, optimization={"hyperedge_epochs": 2, "node_epochs": 2}, keep_embeddings=True)
    found = hyperedges.predict_hyperedges(run, settings, study, 0) | nodes.classify_nodes(run, settings, study, 0)
    assert np.isfinite(found["0/uniform/scores"]).all()
    assert len(found["0/nodes/correct"]) == 7 - 2
    assert found["embeddings/variance"].shape == (7,)


def test_nodes_that_lose_their_hyperedges_can_be_left_out(tmp_path):
    task = dataclasses.replace(own_files(tmp_path), settings={"largest": 3, "drop_uncovered": True, "labelled": 1})
    with (tmp_path / "e.txt").open("a") as file:
        file.write("c f\n")
    prepared = prepare(task)
    assert prepared.statistics["nodes"] == 7
    assert prepared.statistics["kept_nodes"] == 6  # without g
    assert prepared.arrays["labels"].tolist() == [0, 0, 1, 1, 0, 1]
    assert Study.from_arrays(prepared.arrays).words.shape == (6, 2)
    assert prepared.arrays["node"].tolist() == [0, 1, 2, 2, 3, 4, 5, 0, 5, 2, 5]


def test_nothing_left_of_a_hypergraph_is_an_error(tmp_path):
    task = own_files(tmp_path)
    small = dataclasses.replace(task, settings={"smallest": 4})
    with pytest.raises(DataError, match="1 hyperedges are left"):
        prepare(small)


def test_random_splits_take_equally_many_of_every_class_and_differ_by_seed():
    labels = np.array([0] * 20 + [1] * 20 + [2] * 4 + [-1] * 6)
    first, second = random_split(labels, 5, 0), random_split(labels, 5, 1)
    assert np.bincount(labels[first]).tolist() == [5, 5, 2]
    assert first.tolist() != second.tolist()


def test_splits_are_cycled_and_test_nodes_have_labels():
    study = study_of([[0, 1], [2, 3]], 5, labels=[0, 1, 0, 1, -1])
    assert [array.tolist() for array in study.split(0)] == [[0, 1], [2, 3]]
    assert [array.tolist() for array in study.split(3)] == [[2], [0, 1, 3]]


def test_training_hyperedges_are_nested_and_never_in_the_test():
    graph = random_hypergraph(np.random.default_rng(0), nodes=30, edges=50)
    parts = [hyperedges.split_hyperedges(graph, 0.2, share, np.random.default_rng(1)) for share in (0.2, 0.8)]
    as_sets = [
        {tuple(p.tolist()) for p in np.split(part.node, part.offsets[1:-1])}
        for split in parts
        for part in (split.train, split.test)
    ]
    small, first_test, large, second_test = as_sets
    assert small <= large
    assert first_test == second_test
    with pytest.raises(DataError, match="cannot be drawn"):
        hyperedges.split_hyperedges(graph, 0.5, 0.8, np.random.default_rng(1))


def test_methods_of_a_seed_are_tested_on_the_same_sets(run):
    study = study_of(np.random.default_rng(0).permuted(np.tile(np.arange(30), (40, 1)), axis=1)[:, :3].tolist(), 30)
    drawn = []

    class Seen(hyperedges.Epochs):
        def _scores(self, carries, sets):
            drawn.append(sets)
            return super()._scores(carries, sets)

    for encoder in ("hnn", "mlp"):
        Seen(run, Train(encoder=encoder, dimension=4), study, 0, "uniform", 0.8).test()
    assert np.array_equal(drawn[0].node, drawn[1].node)
    assert np.array_equal(drawn[0].edge, drawn[1].edge)


def test_scored_hyperedges_do_not_carry_messages(run):
    study = study_of(np.random.default_rng(0).permuted(np.tile(np.arange(30), (40, 1)), axis=1)[:, :3].tolist(), 30)
    seen = {}

    class Seen(hyperedges.Epochs):
        def _scores(self, carries, sets):
            seen["carries"], seen["sets"] = carries, sets
            return super()._scores(carries, sets)

    for supervision in ("masked", "unmasked"):
        settings = Train(dimension=4, hyperedges={"supervision": supervision})
        epochs = Seen(run, settings, study, 0, "uniform", 0.8)
        epochs.step(1)
        train, sets = epochs.split.train, seen["sets"]
        scored = {tuple(p.tolist()) for p in np.split(sets.node, sets.offsets[1:-1])[: sets.edges // 2]}
        carrying = train.select(seen["carries"])
        carried = {tuple(p.tolist()) for p in np.split(carrying.node, carrying.offsets[1:-1])}
        assert bool(scored & carried) == (supervision == "unmasked")


TRIPLES = np.random.default_rng(0).permuted(np.tile(np.arange(30), (40, 1)), axis=1)[:, :3]


@pytest.mark.parametrize(("variant", "source"), [({"weighted": True}, "structure"), ({}, "given")])
@pytest.mark.parametrize("sampler", ["uniform", "half-corrupted"])
def test_training_is_the_same_whatever_the_hyperedges_of_the_test_are(run, variant, source, sampler):
    """Not one bit of a weight or an embedding depends on them, and none has a hyperedge weight."""
    words = sparse.csr_matrix(np.random.default_rng(1).random((30, 6)).astype(np.float32))
    settings = Train(dimension=4, hnn=variant, features=source, structure_dimension=5)

    def trained(triples):
        study = study_of(triples.tolist(), 30, words=words)
        with run.seeded(0, "dropout"):
            epochs = hyperedges.Epochs(run, settings, study, 0, sampler, 0.8)
            losses = [epochs.step(epoch) for epoch in range(4)]
        epochs.model.eval()
        graph = Operators(epochs.split.train.with_singletons(), numbers=np.arange(epochs.split.train.edges))
        with torch.no_grad():
            nodes = epochs.model.encoder(epochs.features.of(graph), graph).nodes
        return losses, [*epochs.model.state_dict().values(), nodes], epochs

    first_losses, first, epochs = trained(TRIPLES)
    tested = sorted(
        {tuple(part.tolist()) for part in np.split(epochs.split.test.node, epochs.split.test.offsets[1:-1])}
    )
    place = [index for index, triple in enumerate(TRIPLES) if tuple(sorted(triple.tolist())) in tested]
    assert len(place) == epochs.split.test.edges == 8
    others = TRIPLES.copy()
    others[place] = np.arange(24).reshape(8, 3)
    second_losses, second, _ = trained(others)
    assert first_losses == second_losses
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    if variant:
        assert len(epochs.model.encoder.log_weights) == epochs.split.train.edges
    others = TRIPLES.copy()
    others[next(index for index in range(40) if index not in place)] = [0, 1, 2]
    assert trained(others)[0] != first_losses  # the comparison would notice a hyperedge that is read


def test_negatives_of_the_test_are_no_hyperedges_at_all(run):
    pairs_of_nodes = [[a, b] for a in range(8) for b in range(a) if (a + b) % 2]
    study = study_of(pairs_of_nodes, 8)
    epochs = hyperedges.Epochs(run, Train(dimension=4), study, 0, "uniform", 0.8)
    drawn = []
    epochs._scores = lambda _carries, sets: (drawn.append(sets), (torch.zeros(sets.edges), None, None))[1]
    epochs.test()
    negative = drawn[0].node.reshape(-1, 2)[epochs.split.test.edges :]
    assert len(negative) == epochs.split.test.edges
    assert (negative.sum(axis=1) % 2 == 0).all()


def communities(seed: int = 0) -> Study:
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], 15)
    sets = [(15 * side + rng.choice(15, 3, replace=False)).tolist() for side in (0, 1) for _ in range(12)]
    return study_of(sets, 30, labels=labels.tolist())


@pytest.mark.parametrize("settings", [
    {}, {"hnn": {"concat_layers": True}}, {"hnn": {"psi": "gated"}}, {"layers": 1}, {"layers": 3}, {"encoder": "hgnn"},
])  # fmt: skip
def test_an_epoch_computes_what_all_nodes_would_give_the_training_nodes(run, settings):
    settings = Train(dimension=4, dropout=0.0, **settings)
    epochs = nodes.Epochs(run, settings, communities(), 0)
    expected = torch.nn.functional.cross_entropy(epochs.logits()[epochs.labelled], epochs.labels).item()
    assert epochs.step() == pytest.approx(expected, abs=1e-5)


def test_training_of_nodes_does_not_see_the_labels_of_the_test(run):
    found = []
    for swap in (False, True):
        study = communities()
        if swap:
            _, test = study.split(0)
            study.labels[test] = 1 - study.labels[test]
        with run.seeded(0, "dropout"):
            epochs = nodes.Epochs(run, Train(dimension=4), study, 0)
            found.append([epochs.step() for _ in range(4)])
    assert found[0] == found[1]


@pytest.mark.parametrize("encoder", ["hnn", "mlp", "gcn-clique", "hypergcn", "hnhn", "allset"])
def test_only_weights_that_multiply_features_decay(encoder):
    torch.manual_seed(0)
    model = hyperedges.Predictor(Train(encoder=encoder, dimension=4), 7, 5)
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimizer = adam(model, model.encoder, Optimization(weight_decay=0.1))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved
    assert all(7 in before[name].shape for name in moved)
    assert moved == {name for name, value in before.items() if value.dim() == 2 and 7 in value.shape}


def test_structure_replaces_features_and_sees_no_test_hyperedge():
    graph = random_hypergraph(np.random.default_rng(0), nodes=20, edges=30)
    visible = graph.select(np.arange(15))
    first = NodeFeatures(Study(graph, None, np.full(20, -1), ()), visible, "given", 6, "cpu")
    second = NodeFeatures(Study(visible, None, np.full(20, -1), ()), visible, "given", 6, "cpu")
    assert torch.equal(first.basis, second.basis)
    assert first.of(Operators(visible.with_singletons())).shape == (20, 6)


def test_structure_is_the_leading_factor_of_the_incidence_matrix():
    graph = random_hypergraph(np.random.default_rng(1), nodes=15, edges=20)
    dense = Operators(graph).sum_to_nodes.dense().double().numpy()
    vectors = structure(graph, 4) / np.sqrt(15)
    assert vectors.T @ vectors == pytest.approx(np.eye(4), abs=1e-5)
    left, values, right = np.linalg.svd(dense)
    best = left[:, :4] * values[:4] @ right[:4]
    assert vectors @ (vectors.T @ dense) == pytest.approx(best, abs=1e-4)


def test_planted_roles_defeat_every_prediction_from_the_node_alone():
    roles = planted_roles(Planted(anchors=20, actors=12, rounds=4), np.random.default_rng(0))
    node = roles.hypergraph.node[roles.pair]
    for part in (roles.train, ~roles.train):
        for actor in range(20, 32):
            labels = roles.label[part & (node == actor)]
            assert len(labels) == 4
            assert labels.mean() == 0.5
    assert roles.hypergraph.sizes.tolist() == [5] * roles.hypergraph.edges
    assert (roles.hypergraph.degrees[20:] == 8).all()
    back = Roles.from_arrays(roles.arrays())
    assert np.array_equal(back.label, roles.label)


@pytest.mark.parametrize("psi", ["residual", "none"])
def test_one_embedding_per_node_is_right_in_exactly_half_of_the_cases(run, psi):
    roles = planted_roles(Planted(anchors=20, actors=40), np.random.default_rng(0))
    settings = Train(dimension=32, hnn={"psi": psi}, optimization={"pair_epochs": 120})
    found = pairs.classify_pairs(run, settings, roles, 0)
    if psi == "none":
        assert found["0/pairs/correct"].mean() == 0.5
        assert not found["0/pairs/different"].any()
    else:
        assert found["0/pairs/correct"].mean() > 0.7
        assert found["0/pairs/different"].mean() > 0.99


def test_random_scores_of_size_matched_sets_have_auc_one_half():
    """Constant features: every set of a size gets the same score, and the negatives have the sizes of the positives."""
    from tenfold.metrics.binary import roc_auc
    from tenfold.papers.hnn.negatives import KnownSets, uniform

    graph = random_hypergraph(np.random.default_rng(0), nodes=30, edges=60)
    graph = graph.select(graph.first_of_duplicates() & (graph.sizes > 1))
    sets = hyperedges.side_by_side(graph, uniform(graph.sizes, 30, KnownSets(graph), np.random.default_rng(0)))
    model = hyperedges.Predictor(Train(dimension=4), 3, graph.edges).eval()
    messages = Operators(graph.with_singletons())
    with torch.no_grad():
        scores = model.scorer(model.encoder(torch.ones(30, 3), messages).nodes, Operators(sets)).numpy()
    scores = scores.round(4)
    assert roc_auc(scores, np.arange(sets.edges) < graph.edges) == pytest.approx(0.5)
