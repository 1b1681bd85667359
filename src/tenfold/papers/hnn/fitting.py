"""The optimizer that all methods share.

Weight decay acts on the weights that multiply the features and on nothing else, as in the code of the GCN's authors
(Kipf and Welling 2017). On all weights it competes with the gradient of hyperedge prediction, which is small at first:
embeddings of features whose rows sum to 1 are near 0. Adam makes both equally large, and in some seeds (with an MLP in
all) every weight shrinks to 0 and the loss stays at ln 2.
"""

from __future__ import annotations

import torch
from torch import nn

from tenfold.papers.hnn.encoders import Encoder
from tenfold.papers.hnn.settings import Optimization


def adam(model: nn.Module, encoder: Encoder, settings: Optimization) -> torch.optim.Adam:
    """Adam for all parameters of `model`, which contains `encoder`; in one pass where PyTorch has that."""
    device = next(model.parameters()).device.type
    decayed = encoder.input_weights() if settings.decay == "input" else list(model.parameters())
    places = {id(parameter) for parameter in decayed}
    others = [parameter for parameter in model.parameters() if id(parameter) not in places]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}]
    if others:
        groups.append({"params": others, "weight_decay": 0.0})
    return torch.optim.Adam(groups, lr=settings.learning_rate, fused=device in ("cpu", "cuda"))
