"""Pruning scores: which weights look worth keeping before training. The weights with the highest scores stay.

Scores are (M, total): for each member its prunable weights, flattened and joined in the order of `prunable()`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tenfold.papers.pruning_init.images.networks import Network

Loss = Callable[[Network], Tensor]
"""Loss summed over the members: each member's gradient is then its own."""


def flatten(tensors: list[Tensor], members: int) -> Tensor:
    """(M, total) from tensors whose first dimension is the members', or that belong to a single member."""
    return torch.cat([tensor.reshape(members, -1) for tensor in tensors], dim=1)


def magnitude(model: Network) -> Tensor:
    """|w|."""
    return flatten([weight.detach().abs() for weight in model.prunable().values()], model.members)


def snip(model: Network, loss: Loss) -> Tensor:
    """|w dL/dw|: how much the loss feels the connection (Lee, Ajanthan & Torr 2019)."""
    weights = list(model.prunable().values())
    gradients = torch.autograd.grad(loss(model), weights)
    return flatten([(w * g).abs().detach() for w, g in zip(weights, gradients, strict=True)], model.members)


def grasp(model: Network, loss: Loss) -> Tensor:
    """The product w (H g): removing the weights with the lowest raises the gradient's norm most (Wang et al. 2020).

    Removing weight j changes |g|^2 by about -2 w_j (H g)_j.
    """
    weights = list(model.prunable().values())
    gradients = torch.autograd.grad(loss(model), weights, create_graph=True)
    flow = sum(((g * g.detach()).sum() for g in gradients), torch.zeros((), device=weights[0].device))
    curvature = torch.autograd.grad(flow, weights)
    return flatten([(w * c).detach() for w, c in zip(weights, curvature, strict=True)], model.members)


def synflow(model: Network, image_shape: tuple[int, ...]) -> Tensor:
    """The product w dR/dw; R is the summed output for an image of ones, in a network from `made_positive`.

    No data takes part (Tanaka et al. 2020).
    """
    weights = list(model.prunable().values())
    ones = weights[0].new_ones(model.members, 1, *image_shape)
    flows = torch.autograd.grad(model(ones).sum(), weights)
    return flatten([(w * f).detach() for w, f in zip(weights, flows, strict=True)], model.members)


def made_positive(model: Network) -> Network:
    """The network with absolute values of its parameters, in place.

    In float64, because R is a product of layers. Batch normalization is in evaluation mode: nearly the identity.
    """
    model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    return model
