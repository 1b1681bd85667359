"""Splits, records, steps and a whole training on a part of the emoji pair."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tenfold import paths
from tenfold.data.preparation import Preparation
from tenfold.metrics.alignment import Ranks
from tenfold.papers.meaformer.fitting import Fitting
from tenfold.papers.meaformer.methods import new_aligner, steps_of_links
from tenfold.papers.meaformer.model import MEAformer
from tenfold.papers.meaformer.pair import AlignmentPair
from tenfold.papers.meaformer.prepare import prepare
from tenfold.papers.meaformer.records import Records
from tenfold.papers.meaformer.settings import Optimization, Train
from tenfold.papers.meaformer.splits import precision, split_links
from tenfold.papers.meaformer.stepping import Stepper
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run


@pytest.fixture(autouse=True)
def in_double_precision():
    """The product runs in single precision."""


@pytest.fixture(scope="module")
def arrays():
    raw = paths.EMBEDDED / "emoji-en-de"
    return prepare(Preparation("meaformer", "emoji", {"links": 120}, (0,), raw, "knowledge_graphs.emoji")).arrays


@pytest.fixture
def run(tmp_path):
    class TestJob(Job):
        directory = tmp_path

    job = TestJob("test", "meaformer", "emoji", "meaformer", (0,), {})
    return Run(job, torch.device("cpu"), signature="test", progress=Progress("test", every_seconds=1e9))


def settings(**changes) -> Train:
    optimization = {"epochs": 3, "batch": 20, "learning_rate": 5e-3, **changes.pop("optimization", {})}
    return Train(dimension=8, transformer={"inner": 8}, optimization=optimization, **changes)


def pairs(links: torch.Tensor) -> set[tuple[int, ...]]:
    return {tuple(link) for link in links.tolist()}


# ----------------------------------------------------------------------------------------------- splits


def test_links_to_learn_from_to_choose_with_and_to_test(arrays):
    pair = AlignmentPair.from_arrays(arrays, 0)
    links = split_links(pair, settings(), 0.3, 0)
    assert [len(part) for part in (links.train, links.validation, links.test)] == [32, 4, 84]
    parts = [pairs(part) for part in (links.train, links.validation, links.test)]
    assert set.union(*parts) == pairs(pair.links)
    assert sum(map(len, parts)) == 120
    assert pairs(split_links(pair, settings(), 0.3, 1).test) != parts[2]


def test_all_shares_of_a_curve_are_tested_on_the_same_links(arrays):
    pair = AlignmentPair.from_arrays(arrays, 0)
    curve = settings(split={"shares": [0.05, 0.5]})
    few, many = split_links(pair, curve, 0.05, 0), split_links(pair, curve, 0.5, 0)
    assert pairs(few.test) == pairs(many.test)
    assert len(few.test) == 60
    assert pairs(few.train) | pairs(few.validation) < pairs(many.train) | pairs(many.validation)


def test_pseudo_links_use_no_true_link(arrays):
    found = []
    for order in (np.arange(120), np.random.default_rng(0).permutation(120)):
        shuffled = arrays | {"links": np.column_stack([arrays["links"][:, 0], arrays["links"][order, 1]])}
        pair = AlignmentPair.from_arrays(shuffled, 0)
        links = split_links(pair, settings(pivot={"count": 40}), 0.3, 0)
        found.append(pairs(links.train) | pairs(links.validation))
    assert found[0] == found[1]
    assert len(found[0]) == 40


def test_precision():
    true = torch.tensor([[2, 3], [0, 5], [0, 1]])
    assert precision(torch.tensor([[0, 1], [2, 3], [4, 5]]), true) == pytest.approx(2 / 3)


# ---------------------------------------------------------------------------------------------- records


def ranks(*values: int) -> Ranks:
    return Ranks(torch.tensor(values), torch.tensor(values))


def test_validation_chooses_and_ties_go_to_the_later_epoch():
    records = Records()
    records.take(1, ranks(0, 0), ranks(3))
    records.take(2, ranks(1, 5), ranks(0))
    records.take(3, ranks(2, 2), ranks(0))
    records.take(4, ranks(9, 9), ranks(1))
    assert records.epochs == {"last": 4, "selected": 3, "best": 1}
    assert records.ranks["selected"].left_to_right.tolist() == [2, 2]
    assert records.ranks["best"].left_to_right.tolist() == [0, 0]
    assert records.ranks["last"].left_to_right.tolist() == [9, 9]
    other = Records()
    other.load_state_dict(records.state_dict())
    assert other.epochs == records.epochs
    assert torch.equal(other.ranks["best"].left_to_right, records.ranks["best"].left_to_right)


def test_without_validation_the_last_epoch_is_chosen():
    records = Records()
    for epoch in (1, 2):
        records.take(epoch, ranks(epoch), None)
    assert records.epochs["selected"] == 2


# ------------------------------------------------------------------------------------------------ steps


def test_the_first_step_of_a_warm_up_moves_nothing_and_clipping_bounds_the_gradient():
    layer = torch.nn.Linear(3, 1)
    before = layer.weight.detach().clone()
    stepper = Stepper(layer, Optimization(warm_up=0.5, weight_decay=0.0, clip=0.1, learning_rate=0.1), 4)
    stepper.step((100 * layer.weight).sum())
    assert torch.equal(layer.weight.detach(), before)
    assert layer.weight.grad.norm().item() == pytest.approx(0.1, rel=1e-4)
    stepper.step((100 * layer.weight).sum())
    assert torch.allclose(before - layer.weight.detach(), torch.full((1, 3), 0.05), atol=1e-4)  # half of Adam's step


def test_an_epoch_is_cut_into_unequal_batches(arrays):
    pair = AlignmentPair.from_arrays(arrays, 0)
    assert steps_of_links(settings(), pair, 32) == [slice(0, 20), slice(20, 32)]
    msnea = settings(family="msnea", margin={"triple_batch": 500})
    assert steps_of_links(msnea, pair, 32) == [slice(0, 32)] * -(-len(pair.triples) // 500)


# --------------------------------------------------------------------------------------------- training


def test_training_learns(arrays, run):
    fitting = Fitting(run, settings(optimization={"epochs": 12}), AlignmentPair.from_arrays(arrays, 0), 0, 0.3)
    logged = [fitting.epoch(epoch) for epoch in range(1, 13)]
    assert logged[-1]["loss"] < 0.8 * logged[0]["loss"]
    assert logged[-1]["test_hits1"] > 5 / len(fitting.links.test)
    found = fitting.results()
    assert found["last/left"].shape == (84,)
    assert int(found["last/epoch"]) == 12


def test_methods_of_a_seed_start_from_the_same_encoders(arrays, run):
    pair = AlignmentPair.from_arrays(arrays, 0)
    models = []
    for changes in ({}, {"weights": "uniform", "late_loss": False}):
        with run.seeded(0, "initial values"):
            models.append(new_aligner(settings(**changes), pair))
    assert all(isinstance(model, MEAformer) for model in models)
    first, second = (dict(model.encoders.named_parameters()) for model in models)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_second_stage_starts_from_the_chosen_weights(arrays, run):
    iterative = settings(iteration={"epochs": 2, "step": 1}, evaluate_every=1)
    fitting = Fitting(run, iterative, AlignmentPair.from_arrays(arrays, 0), 0, 0.3)
    for epoch in (1, 2, 3):
        fitting.epoch(epoch)
    chosen = {name: value.clone() for name, value in fitting.records.weights.items()}
    fitting._second_stage()
    assert all(torch.equal(value, chosen[name]) for name, value in fitting.model.state_dict().items())
    assert fitting.stepper.learning_rate == pytest.approx(1e-3)
    assert fitting.stepper.total == 6 * 2
    assert fitting.stepper.taken == 0
    assert not fitting.stepper.optimizer.state


def test_validation_links_are_never_promoted(arrays, run):
    iterative = settings(optimization={"epochs": 6}, iteration={"epochs": 10, "step": 1})
    fitting = Fitting(run, iterative, AlignmentPair.from_arrays(arrays, 0), 0, 0.3)
    for epoch in range(1, 17):
        fitting.epoch(epoch)
    grown = fitting.bootstrapping.links
    assert len(grown) > len(fitting.links.train)
    for side in (0, 1):
        assert not torch.isin(fitting.links.validation[:, side], grown[:, side]).any()
        assert len(torch.unique(grown[:, side])) == len(grown)


def test_replay_brings_entities_back(arrays, run):
    fitting = Fitting(run, settings(replay=True), AlignmentPair.from_arrays(arrays, 0), 0, 0.3)
    for epoch in (1, 2, 3):
        fitting.epoch(epoch)
    assert fitting.replay.started
    beside, _ = fitting.replay.beside(*fitting.links.train[:20].T)
    assert len(beside)
