"""The optimizer that all methods share."""

from __future__ import annotations

import torch
from torch import nn

from tenfold.papers.hnn.settings import Optimization


def adam(model: nn.Module, settings: Optimization) -> torch.optim.Adam:
    """Adam; all parameters in one pass where PyTorch has that for the device."""
    device = next(model.parameters()).device.type
    return torch.optim.Adam(
        model.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=device in ("cpu", "cuda"),
    )
