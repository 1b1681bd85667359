"""A stack trains as its models would alone; adversarial inputs; counted operations."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tenfold.papers.r2et.fitting import Grid, _decay, adversarial, operations, step
from tenfold.papers.r2et.networks.perceptron import Perceptron
from tenfold.papers.r2et.networks.stack import Stack, stacked
from tenfold.papers.r2et.settings import Candidate, Train
from tenfold.papers.r2et.study import Study, for_models
from tests.papers.r2et.conftest import made_stack

CPU = torch.device("cpu")


def trained_stack(candidates, x, labels, steps=5):
    network = Perceptron(6, (8,), 2)
    start = stacked([network.initial(torch.Generator().manual_seed(1))])
    parameters = {name: for_models(value, len(candidates)).clone().requires_grad_() for name, value in start.items()}
    grid = Grid(candidates, 1, CPU)
    optimiser = torch.optim.Adam(list(parameters.values()), lr=1e-2)
    settings = Train(k=2, candidates=candidates)
    for _ in range(steps):
        found = step(
            Stack(network, parameters),
            for_models(x, grid.candidates),
            for_models(labels, grid.candidates),
            settings,
            grid,
        )
        optimiser.zero_grad()
        found.total.sum().backward()
        _decay(parameters, grid.weight_decay)
        optimiser.step()
    return parameters


def test_candidates_train_as_they_would_alone(random):
    x, labels = torch.randn(1, 20, 6, generator=random), torch.randint(2, (1, 20), generator=random)
    candidates = [Candidate(gap=0.3), Candidate(gap=0.1, curvature=0.1), Candidate(weight_decay=0.1)]
    together = trained_stack(candidates, x, labels)
    for number, candidate in enumerate(candidates):
        for name, value in trained_stack([candidate], x, labels).items():
            assert torch.allclose(together[name][number], value[0], atol=1e-5), name


def test_weight_decay_is_adams(random):
    x, labels = torch.randn(1, 20, 6, generator=random), torch.randint(2, (1, 20), generator=random)
    ours = trained_stack([Candidate(weight_decay=0.05)], x, labels)
    start = Perceptron(6, (8,), 2).initial(torch.Generator().manual_seed(1))
    parameters = [value.clone().requires_grad_() for value in start.values()]
    optimiser = torch.optim.Adam(parameters, lr=1e-2, weight_decay=0.05)
    for _ in range(5):
        optimiser.zero_grad()
        w0, b0, w1, b1 = parameters
        functional.cross_entropy((x[0] @ w0 + b0).relu() @ w1 + b1, labels[0]).backward()
        optimiser.step()
    for name, value in zip(start, parameters, strict=True):
        assert torch.allclose(ours[name][0], value, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 5])
def test_adversarial_inputs_are_as_far_as_they_are_told(random, steps):
    stack = made_stack(models=2)
    stack = Stack(stack.network, {name: value.detach().float() for name, value in stack.parameters.items()})
    x = torch.randn(2, 7, 6, generator=random)
    settings = Train.model_validate({"k": 2, "penalty": {"attack_steps": steps}})
    moved = (adversarial(stack, x, torch.tensor([0.0, 0.5]), settings) - x).norm(dim=-1)
    assert (moved[0] == 0).all()
    assert moved[1].max() <= 0.5 + 1e-5
    if steps == 1:
        assert torch.allclose(moved[1], torch.tensor(0.5), atol=1e-5)


def test_operations_of_a_plain_step_are_those_of_its_products(random):
    network = Perceptron(6, (8,), 2)
    x, labels = torch.randn(1, 4, 6, generator=random), torch.zeros(1, 4, dtype=torch.long)
    forward = 2 * (6 * 8 + 8 * 2)
    backward = 2 * (6 * 8 + 2 * 8 * 2)  # weights of both layers, and the input of the second
    assert operations(network, x, labels, Train(k=2)) == forward + backward
    counted = {
        name: operations(network, x, labels, Train.model_validate({"k": 2, **settings}))
        for name, settings in {
            "gap": {"candidates": [{"gap": 1.0}]},
            "both": {"candidates": [{"gap": 1.0, "curvature": 1.0}]},
            "at": {"candidates": [{"length": 1.0}]},
            "at-5": {"candidates": [{"length": 1.0}], "penalty": {"attack_steps": 5}},
        }.items()
    }
    assert forward + backward < counted["gap"] < counted["both"]
    assert counted["at"] < counted["at-5"]


def test_the_study_scales_each_seed_by_its_own_rows():
    arrays = {
        "inputs": np.array([[0.0, 1], [2, 3], [4, 9], [6, 5]], dtype=np.float32), "labels": np.array([0, 1, 0, 1]),
        "seeds": np.array([3, 4]), "train": np.array([[0, 1], [2, 3]]), "validation": np.array([[2], [0]]),
        "test": np.array([[3], [1]]), "shift": np.array([[0, 1], [4, 5]], dtype=np.float32),
        "scale": np.array([[2, 2], [2, 4]], dtype=np.float32), "neutral": np.zeros((2, 2), dtype=np.float32),
    }  # fmt: skip
    study = Study.from_arrays(arrays, (4,), CPU)
    x, labels = study.split("train")
    assert x.tolist() == [[[0.0, 1.0], [1.0, 0.0]]]
    assert labels.tolist() == [[0, 1]]
    assert study.split("test")[0].tolist() == [[[-1.0, -0.5]]]
    assert (study.features, study.classes, study.dimensions) == (2, 2, 1)
