"""Masks for the members of a network: flat (M, total) masks, and how they are laid over the weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tenfold.papers.pruning_init.images.networks import Network
from tenfold.papers.pruning_init.images.scores import made_positive
from tenfold.papers.pruning_init.images.scores import synflow as synflow_scores


def highest(scores: Tensor, keep: Tensor) -> Tensor:
    """Mask (M, total): for each member its share `keep` (M,) of highest `scores` (M, total), over all layers together.

    Of equal scores at the border the first stay, so the share is exact.
    """
    total = scores.shape[1]
    mask = torch.ones_like(scores, dtype=torch.bool)
    for member, share in enumerate(keep.tolist()):  # selection is linear in time, but takes one rank a call
        dropped = total - max(1, round(total * share))
        if dropped == 0:
            continue
        threshold = scores[member].kthvalue(dropped).values
        below, level = scores[member] < threshold, scores[member] == threshold
        surplus = dropped - int(below.sum())  # how many of those at the border have to go: the last ones
        last = level.flip(0).cumsum(0).flip(0) <= surplus
        mask[member] = ~(below | (level & last))
    return mask


def random(uniform: Tensor, keep: Tensor) -> Tensor:
    """Mask (M, total): each weight stays with probability `keep` (M,) by itself; `uniform` (M, total) on [0, 1)."""
    return uniform < keep[:, None]


def synflow(model: Network, keep: Tensor, rounds: int, image_shape: tuple[int, ...]) -> Tensor:
    """Mask (M, total) after `rounds` rounds of SynFlow: after round r a share keep^(r / rounds) is left."""
    parts: Sequence[Network] = model.parts()  # one after the other: they fit into the cache
    return torch.cat(
        [
            _synflow_of_one(made_positive(part), share, rounds, image_shape)
            for part, share in zip(parts, keep.tolist(), strict=True)
        ]
    )


def _synflow_of_one(model: Network, keep: float, rounds: int, image_shape: tuple[int, ...]) -> Tensor:
    total = sum(weight.numel() for weight in model.prunable().values())
    mask = torch.ones(1, total, dtype=torch.bool, device=next(model.parameters()).device)
    if keep == 1:
        return mask
    for number in range(1, rounds + 1):
        left = max(1, round(total * keep ** (number / rounds)))
        survivors = mask[0].nonzero()[:, 0]
        share = torch.tensor([left / len(survivors)], dtype=torch.float64)
        found = synflow_scores(model, image_shape)[:, survivors]
        mask[0, survivors[~highest(found, share)[0]]] = False
        apply(model, mask)
    return mask


def apply(model: Network, mask: Tensor) -> dict[str, Tensor]:
    """Set masked weights to zero, and return the mask (M, total) cut into the shapes of the weights."""
    shaped = split(model, mask)
    with torch.no_grad():
        for name, weight in model.prunable().items():
            weight.mul_(shaped[name])
    return shaped


def split(model: Network, mask: Tensor) -> dict[str, Tensor]:
    """The flat mask (M, total) as one tensor for each prunable weight, in its shape and type."""
    weights = model.prunable()
    sizes = [weight.numel() // model.members for weight in weights.values()]
    parts = mask.split(sizes, dim=1)
    return {
        name: part.reshape(weight.shape).to(weight.dtype)
        for (name, weight), part in zip(weights.items(), parts, strict=True)
    }
