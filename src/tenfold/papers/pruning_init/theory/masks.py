"""Masks at initialization (section 3.3 of the card) and the controls beside the random one (section 4)."""

from __future__ import annotations

from typing import Literal, assert_never

import torch
from torch import Tensor

TheoryMask = Literal["random", "narrow", "oracle", "magnitude"]


def mask_of(rule: TheoryMask, keep: float, initial: Tensor, uniform: Tensor, signal_coordinates: Tensor) -> Tensor:
    """Mask (K, m, d) of booleans: which weights stay, at a share `keep` in (0, 1].

    `initial` and `uniform` (K, m, d): initial weights, and numbers on [0, 1) that all keep rates share, so that the
    masks of a seed are nested. `signal_coordinates` (d,): where the signals live. `keep` = 1 keeps everything.

    - random: each weight stays with probability `keep`, independently of the data;
    - oracle: the same, and every filter keeps all signal coordinates;
    - narrow: as many whole filters of each class as make up the share (at least one): a dense, narrower network;
    - magnitude: the share of largest initial weights of the layer.
    """
    if rule == "random":
        return uniform < keep
    if rule == "oracle":
        return (uniform < keep) | signal_coordinates
    if rule == "narrow":
        filters = initial.shape[1]
        stays = torch.arange(filters, device=initial.device) < max(1, round(filters * keep))
        return stays[None, :, None].expand_as(initial)
    if rule == "magnitude":
        size = initial.abs().flatten()
        threshold = size.kthvalue(max(1, round(size.numel() * (1 - keep)) + 1)).values if keep < 1 else size.min()
        return initial.abs() >= threshold
    assert_never(rule)
