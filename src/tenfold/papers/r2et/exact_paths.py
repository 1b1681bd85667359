"""Ranking thickness of one path without a grid, for ReLU perceptrons with two classes.

Between two kinks the logits are linear, so the saliency is f (1 - f) times a constant vector: the order of the features
changes only where a hidden unit switches. The integral over the path is then a finite sum over the pieces.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.r2et.networks.perceptron import Perceptron
from tenfold.papers.r2et.networks.stack import Stack
from tenfold.papers.r2et.saliency import importance, saliency
from tenfold.papers.r2et.thickness import ordered_share


def switches(stack: Stack, start: Tensor, end: Tensor) -> Tensor:
    """Times 0 = t_0 < t_1 < ... < 1 at which a hidden unit of the first model switches on the way from start to end.

    Both ends are (n,). Layer by layer: where no unit of the layers below switches, a unit's input is linear in t.
    """
    network = _two_class_perceptron(stack)
    weights = {name: value[0].detach() for name, value in stack.parameters.items()}
    times = torch.tensor([0.0, 1.0], dtype=start.dtype)
    for layer in range(len(network.widths)):
        hidden = start + times[:, None] * (end - start)
        for below in range(layer + 1):
            hidden = hidden.relu() if below else hidden
            hidden = hidden @ weights[f"weight{below}"] + weights[f"bias{below}"]  # (T, width)
        left, right = hidden[:-1], hidden[1:]
        piece, unit = torch.nonzero((left > 0) != (right > 0), as_tuple=True)
        share = left[piece, unit] / (left[piece, unit] - right[piece, unit])
        crossed = times[piece] + share * (times[piece + 1] - times[piece])
        times = torch.unique(torch.cat([times, crossed]))
    return times


def exact_path_thickness(stack: Stack, start: Tensor, end: Tensor, k: int) -> float:
    """Top-k ranking thickness of the first model on the straight path from start to end, both (n,).

    Raises ValueError for networks whose order of features may change between kinks.
    """
    times = switches(stack, start, end)
    middles = (times[:-1] + times[1:]) / 2
    only = stack.select(torch.tensor([0]))
    points = (start + torch.cat([times[:1], middles])[:, None] * (end - start)).unsqueeze(0)
    classes = only.predict(points[:, :1]).expand(1, points.shape[1])
    sizes = importance(saliency(only.probability_of(classes), points), 1)[0]
    return float((ordered_share(sizes[:1], sizes[1:], k) * times.diff()).sum())


def _two_class_perceptron(stack: Stack) -> Perceptron:
    network = stack.network
    if not isinstance(network, Perceptron) or network.classes != 2 or stack.beta is not None:
        raise ValueError("exact paths need a ReLU perceptron with two classes")
    return network
