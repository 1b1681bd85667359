"""Optimizer steps with the schedule of a stage."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tenfold.papers.meaformer.schedule import warm_up_cosine
from tenfold.papers.meaformer.settings import Optimization


class Stepper:
    """AdamW; its learning rate follows warm-up and cosine over `total` steps, clipped gradients."""

    def __init__(self, model: nn.Module, settings: Optimization, total: int) -> None:
        self.model, self.settings = model, settings
        self.start(total)

    def start(self, total: int, divisor: float = 1.0) -> None:
        """A new stage: a fresh optimizer, a learning rate divided by `divisor`, a schedule of `total` steps."""
        self.total, self.taken = total, 0
        self.learning_rate = self.settings.learning_rate / divisor
        decay = self.settings.weight_decay
        fused = next(self.model.parameters()).device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.learning_rate, eps=1e-8, weight_decay=decay, fused=fused
        )

    def step(self, loss: torch.Tensor) -> None:
        """One step down the gradient of `loss`."""
        factor = warm_up_cosine(self.taken, self.total, self.settings.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * factor
        self.optimizer.zero_grad()
        loss.backward()
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.taken += 1

    def state_dict(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "taken": self.taken,
            "learning_rate": self.learning_rate,
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.total, self.taken, self.learning_rate = state["total"], state["taken"], state["learning_rate"]
        self.optimizer.load_state_dict(state["optimizer"])
