"""Scores with known derivatives."""

import pytest
import torch

from tenfold.papers.r2et.networks.perceptron import Perceptron
from tenfold.papers.r2et.networks.stack import Stack, stacked


class Quadratic:
    """f = x^T A x / 2 + b^T x: I = A x + b, H = A."""

    matrix = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    offset = torch.tensor([0.0, 0.6], dtype=torch.float64)

    def __call__(self, x):
        return ((x @ self.matrix) * x).sum(-1) / 2 + x @ self.offset


class LinearLogit:
    """f = sigmoid(3 x1 - 2 x2 + x3)."""

    weights = torch.tensor([3.0, -2.0, 1.0], dtype=torch.float64)

    def __call__(self, x):
        return torch.sigmoid(x @ self.weights)


@pytest.fixture
def quadratic():
    return Quadratic()


@pytest.fixture
def linear_logit():
    return LinearLogit()


@pytest.fixture
def random():
    return torch.Generator().manual_seed(5)


def made_stack(models=2, features=6, widths=(8, 7), classes=2, beta=None, seed=0, network=None):
    """Models with random weights in double precision."""
    generator = torch.Generator().manual_seed(seed)
    network = network or Perceptron(features, widths, classes)
    parameters = stacked([network.initial(generator) for _ in range(models)])
    parameters = {name: (2 * value.double()).requires_grad_() for name, value in parameters.items()}
    return Stack(network, parameters, None if beta is None else torch.full((models,), float(beta)).double())
