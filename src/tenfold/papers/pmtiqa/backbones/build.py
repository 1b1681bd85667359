"""Making a backbone by its name, with pretrained weights where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from tenfold.errors import DataError
from tenfold.papers.pmtiqa.backbones.base import Backbone
from tenfold.papers.pmtiqa.backbones.efficientnet import EfficientNetLite0, renamed
from tenfold.papers.pmtiqa.backbones.resnet import ResNet50, without_classifier
from tenfold.papers.pmtiqa.backbones.small import SmallBackbone

BackboneName = Literal["resnet50", "efficientnet-lite0", "small"]

KINDS: dict[str, type[Backbone]] = {
    "resnet50": ResNet50, "efficientnet-lite0": EfficientNetLite0, "small": SmallBackbone,
}  # fmt: skip
_FROM_PUBLISHED: dict[str, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {
    "resnet50": without_classifier, "efficientnet-lite0": renamed,
}  # fmt: skip
UNTRAINED_SEED = 0
"""Networks without pretrained weights start from this seed, whatever the run's."""


def untrained(name: str) -> Backbone:
    """A backbone with random initial values, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(UNTRAINED_SEED)
        return KINDS[name]()


def state_from_published(name: str, published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A published state dictionary under this package's names, checked against the network.

    Raises DataError when it does not belong to the network.
    """
    try:
        state = _FROM_PUBLISHED[name](dict(published))
        KINDS[name]().load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise DataError(f"these weights are not those of {name}: {str(error)[:300]}") from error
    return state


def with_state(name: str, state: Mapping[str, Tensor] | None) -> Backbone:
    """A backbone with the given values, or untrained when there are none."""
    backbone = untrained(name)
    if state:
        backbone.load_state_dict(dict(state))
    return backbone
