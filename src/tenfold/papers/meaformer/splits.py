"""Which links are trained on, which choose an epoch, and which are tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tenfold.papers.meaformer.pair import AlignmentPair
from tenfold.papers.meaformer.pivot import pivot_links
from tenfold.papers.meaformer.settings import Pivot, Split, Train
from tenfold.training.seeding import numpy_generator

FEWEST_TRAINED = 2


@dataclass(frozen=True, eq=False)
class Links:
    """Links (n, 2) of one training and test."""

    train: torch.Tensor
    validation: torch.Tensor
    test: torch.Tensor


def split_links(pair: AlignmentPair, settings: Train, share: float, seed: int) -> Links:
    """Links in an order drawn from the seed: `share` of them to learn from, the rest beyond the largest share to test.

    All shares of a curve are tested on the same links. Without supervision pseudo-links take the place of those to
    learn from; no true link is used, and the test is that of the supervised runs.
    """
    order = torch.from_numpy(numpy_generator(seed, "links").permutation(len(pair.links))).to(pair.links.device)
    links = pair.links[order]
    learned = links[: int(share * len(links))]
    test = links[int(max(settings.split.shares) * len(links)) :]
    if settings.pivot is not None:
        learned = pseudo_links(pair, settings.pivot)
        again = numpy_generator(seed, "pseudo-links").permutation(len(learned))
        learned = learned[torch.from_numpy(again).to(learned.device)]
    return Links(*_held_out(learned, settings.split), test)


def _held_out(learned: torch.Tensor, split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Training and validation links; at least one of the latter where any are asked for."""
    count = int(np.ceil(split.validation * len(learned)))
    count = max(0, min(count, len(learned) - FEWEST_TRAINED))
    return learned[: len(learned) - count], learned[len(learned) - count :]


def pseudo_links(pair: AlignmentPair, settings: Pivot) -> torch.Tensor:
    """Pairs of entities with the most similar features of one modality; without picture there is nothing to see."""
    features = pair.features[settings.modality]
    left, right = pair.of_side(0), pair.of_side(1)
    if settings.modality == "vision":
        left, right = left[pair.pictured[left]], right[pair.pictured[right]]
    considered = settings.count * settings.considered
    return pivot_links(left, right, features[left], features[right], settings.count, considered)


def precision(found: torch.Tensor, true: torch.Tensor) -> float:
    """Share of pairs (p, 2) that are among the true links (L, 2)."""
    size = int(max(found.max(), true.max())) + 1
    keys = [rows[:, 0] * size + rows[:, 1] for rows in (found, true)]
    return float(torch.isin(*keys).double().mean())
