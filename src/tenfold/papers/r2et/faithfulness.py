"""Whether the features that an explanation puts first are those that the network uses: DFFOT, COMP, SUFF.

"Removed" features are set to a neutral value: the training mean of a table or of edges, 0 of an image.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from tenfold.papers.r2et.networks.stack import Stack
from tenfold.papers.r2et.ranking import ranked, top_k


class Faithfulness(NamedTuple):
    """Of each sample (M, B)."""

    flip_fraction: Tensor
    """DFFOT: the smallest share of features that, removed in order of importance, changes the prediction; 1 if none"""
    comprehensiveness: Tensor
    """COMP: f_c(x) - f_c(x without its top k)"""
    sufficiency: Tensor
    """SUFF: f_c(x) - f_c(the top k alone)"""


def without(x: Tensor, removed: Tensor, neutral: Tensor) -> Tensor:
    """Inputs x (M, B, *shape) with features (M, B, n) of a mask at their neutral value (M, *shape)."""
    if x.ndim == 5:
        removed = removed.unflatten(-1, x.shape[-2:]).unsqueeze(-3)
    return torch.where(removed, neutral.unsqueeze(1), x)


@torch.no_grad()
def faithfulness(
    stack: Stack, x: Tensor, classes: Tensor, sizes: Tensor, neutral: Tensor, k: int, stages: int
) -> Faithfulness:
    """Inputs x (M, B, *shape), classes (M, B), importances `sizes` (M, B, n), `neutral` (M, *shape).

    DFFOT looks at up to `stages` equally spaced numbers of removed features, the last of which is all of them.
    """
    score = stack.probability_of(classes)
    full, top = score(x), top_k(sizes, k)
    features = sizes.shape[-1]
    position = torch.empty_like(sizes, dtype=torch.long)
    position.scatter_(-1, ranked(sizes), torch.arange(features, device=x.device).expand_as(position))
    fraction = torch.ones_like(full)
    counts = sorted({-(-features * stage // stages) for stage in range(1, stages + 1)}) if stages < features else None
    for count in reversed(counts or range(1, features + 1)):  # the smallest one that flips is written last
        flipped = stack.predict(without(x, position < count, neutral)) != classes
        fraction = torch.where(flipped, count / features, fraction)
    return Faithfulness(
        fraction, full - score(without(x, top, neutral)), full - score(without(x, ~top, neutral))
    )  # fmt: skip
