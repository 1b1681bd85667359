"""Toy problems against the card's values (T3, T4) and automatic differentiation."""

import numpy as np
import pytest
import torch

from tenfold.papers.adatask.dominance import Monitor
from tenfold.papers.adatask.optimizers import OPTIMIZERS
from tenfold.papers.adatask.problems import toys


def double(values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(
    ("point", "losses"),
    [
        ((-8.5, 7.5), (6.552363, 7.900798)),
        ((9, 9), (7.943949, 6.691495)),
        ((-7.5, -0.5), (0.388808, -4.754484)),
        ((9, -1), (-8.831059, 2.814293)),
        ((0, -8), (-15.089872, -15.089872)),
        ((-7, -8), (-0.399732, -19.986586)),
        ((7, -8), (-19.986586, -0.399732)),
    ],
)
def test_losses_of_the_landscape(point, losses):
    assert toys.landscape(double(point)).tolist() == pytest.approx(losses, abs=2e-6)


def test_gradients_of_the_landscape():
    gradients = toys.landscape_gradients(double([9, -1]))
    assert gradients[0].tolist() == pytest.approx([0.184847, 7.579204], abs=2e-6)
    assert gradients[1].tolist() == pytest.approx([1.478775, -2.330037], abs=2e-6)


def test_closed_gradients_are_those_of_automatic_differentiation_also_on_the_kink():
    generator = torch.Generator().manual_seed(0)
    points = torch.cat(
        [20 * torch.rand(200, 2, generator=generator, dtype=torch.float64) - 10, double([[0, 0], [3, 0]])]
    )
    points.requires_grad_(True)
    scale = torch.linspace(0.1, 1, len(points), dtype=torch.float64)
    losses = toys.landscape(points, scale)
    expected = torch.stack([torch.autograd.grad(loss.sum(), points, retain_graph=True)[0] for loss in losses])
    assert torch.allclose(toys.landscape_gradients(points.detach(), scale), expected, atol=1e-9)
    assert expected[:, -2, 1].abs().min() > 0  # at (0, 0) a gradient passes


def test_the_gap_to_the_pareto_set():
    on_front = toys.landscape(double([[-7, -8.2], [1, -8.2]])).numpy()
    assert toys.pareto_gap(on_front) == pytest.approx([0, 0], abs=1e-3)
    losses = np.array([[0.0], [-10.0]])  # both can fall
    assert toys.pareto_gap(losses)[0] > 1


@pytest.mark.parametrize(("name", "steps"), [("adam", 4000), ("rmsprop", 2400)])
def test_equilibria_of_the_noisy_quadratic(name, steps):
    """T3: ordinary optimizers end at (a - b) / (a + b), AdaTask at 0, and the shares follow."""
    generator = torch.Generator().manual_seed(0)
    ratios = double([1, 10, 100])
    curvature = torch.stack([torch.ones(3, dtype=torch.float64), ratios])
    found = {}
    for accumulators in ("joint", "task"):
        points = torch.zeros(3, 200, dtype=torch.float64)
        optimizer = OPTIMIZERS[name]([{"params": [points], "tasks": 2, "accumulators": accumulators}], lr=1e-2)
        optimizer.record_updates = True
        monitor, tail = Monitor({"x": 0}), torch.zeros(3, dtype=torch.float64)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 1e-2 if step < steps // 2 else 5e-3
            noise = torch.randn(2, 1, 200, generator=generator, dtype=torch.float64)
            gradients = toys.quadratic_gradients(points, curvature, noise)
            optimizer.step([gradients])
            monitor.observe(optimizer.updates, [gradients])
            tail += points.mean(-1) if step >= steps - steps // 4 else 0
        au = monitor.updates[0]
        found[accumulators] = (tail / (steps // 4)).numpy(), (au[0] / au.sum(0)).mean(-1).numpy()
    theory = [toys.quadratic_optimum(1, float(ratio)) for ratio in ratios]
    assert theory == pytest.approx([0, -0.8182, -0.9802], abs=1e-4)
    assert found["joint"][0] == pytest.approx(np.array(theory), abs=0.02)
    assert found["task"][0] == pytest.approx(np.zeros(3), abs=0.02)
    assert np.ptp(found["task"][0]) < 1e-6
    expected = {"adam": (0.499, 0.273, 0.0070), "rmsprop": (0.499, 0.048, 0.0006)}[name]
    assert found["joint"][1] == pytest.approx(np.array(expected), abs=0.01)
    assert found["task"][1] == pytest.approx(np.full(3, 0.5), abs=0.005)
