"""From settings to encoders."""

from __future__ import annotations

from tenfold.papers.hnn.baselines import convolutions
from tenfold.papers.hnn.baselines.allset import AllDeepSets
from tenfold.papers.hnn.baselines.convolutions import Convolutions
from tenfold.papers.hnn.baselines.hnhn import HNHN
from tenfold.papers.hnn.baselines.hypergcn import HyperGCN
from tenfold.papers.hnn.encoders import Encoder
from tenfold.papers.hnn.model import HNNEncoder
from tenfold.papers.hnn.settings import Psi, Train

OPERATORS = {
    "mlp": convolutions.nothing,
    "gcn-clique": convolutions.clique,
    "hgnn": convolutions.hgnn,
    "unignn": convolutions.unigcn,
}


def new_encoder(settings: Train, inputs: int, hyperedges: int, classes: int | None = None) -> Encoder:
    """The encoder of a method for features of width `inputs`, with initial values from PyTorch's default generator.

    `hyperedges` is the number of hyperedges that may have weights of their own. With `classes` the last layer is that
    wide instead of `dimension` (settings: `classifier: convolution`).
    """
    widths = [inputs] + [settings.dimension] * settings.layers
    if classes is not None:
        widths[-1] = classes
    match settings.encoder:
        case "hnn":
            return HNNEncoder(inputs, settings.dimension, settings.layers, settings.dropout, settings.hnn, hyperedges)
        case "hypergcn" | "hypergcn-fast":
            return HyperGCN(
                widths, settings.dropout, fast=settings.encoder == "hypergcn-fast", mediators=settings.mediators
            )
        case "hnhn":
            return HNHN(widths, settings.dropout, settings.hnhn_alpha, settings.hnhn_beta)
        case "allset":
            return AllDeepSets(widths, settings.dropout)
        case name:
            return Convolutions(widths, settings.dropout, OPERATORS[name], bias=name == "mlp")


def psi_of(settings: Train) -> Psi:
    """Psi of HNN; the other methods have one embedding per node."""
    return settings.hnn.psi if settings.encoder == "hnn" else "none"
