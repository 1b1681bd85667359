"""The network that the settings name."""

from __future__ import annotations

from typing import TypeAlias

from tenfold.papers.adatask.networks.segnet import MTAN
from tenfold.papers.adatask.networks.unet import UNet
from tenfold.papers.adatask.settings import DenseTraining

DenseNetwork: TypeAlias = UNet | MTAN
"""Has a shared trunk and two heads: images (B, C, H, W) -> logits (B, 7, H, W), depth (B, 1, H, W).

`shared_names()` lists the shared parameters, `watched()` maps labels to those worth watching, from the input to the
heads, and `last_shared` is how the names of the last shared layer start.
"""


def dense_network(dense: DenseTraining, channels: int, classes: int) -> DenseNetwork:
    """A fresh network; its initial values come from PyTorch's default generator."""
    if dense.network == "mtan":
        return MTAN(channels, classes, dense.width)
    return UNet(channels, classes, dense.width)
