"""What a balancing method is asked: weights of the losses, then what each task contributes to the merged gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Balancer:
    """Equal weighting, and the base of the others.

    At each step `weigh(losses)` gives the weights (K,) that the losses are multiplied with, then, when
    `needs_gradients`, `merge(gradients)` turns the gradients (K, N) of the *weighted* losses with respect to the shared
    parameters into contributions (K, N), whose sum is the merged gradient. `end_epoch()` closes an epoch.
    """

    needs_gradients = False

    def __init__(self, tasks: int, generator: torch.Generator) -> None:
        """`generator` is the method's own source of randomness, on the CPU."""
        self.tasks = tasks
        self.generator = generator

    def weigh(self, losses: Tensor) -> Tensor:
        """Weights (K,) for `losses` (K,), detached."""
        return torch.ones_like(losses)

    def merge(self, gradients: Tensor) -> Tensor:
        """Contributions of the tasks, (K, N)."""
        return gradients

    def end_epoch(self) -> None:
        """An epoch has ended."""

    def state_dict(self) -> dict[str, Any]:
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.generator.set_state(state_dict["generator"])
