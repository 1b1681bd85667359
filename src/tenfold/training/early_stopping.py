"""Selection on a validation metric: keep the best state, stop when it has not improved for a while."""

from __future__ import annotations

import copy
from typing import Any

import torch


class BestState:
    """Keeps the state of `module` at its best validation value (higher is better).

    `update` returns True when training should stop: no improvement during the last `patience` updates
    (`patience=None`: never).
    """

    def __init__(self, module: torch.nn.Module, patience: int | None = None) -> None:
        self.module = module
        self.patience = patience
        self.best_value = float("-inf")
        self.best_step = 0
        self._since = 0
        self._state: dict[str, Any] | None = None

    def update(self, step: int, value: float) -> bool:
        """Take note of the validation value after `step`; ties keep the earlier state."""
        if value > self.best_value:
            self.best_value, self.best_step, self._since = value, step, 0
            self._state = copy.deepcopy(self.module.state_dict())
        else:
            self._since += 1
        return self.patience is not None and self._since >= self.patience

    def restore(self) -> None:
        """Put the best state back into the module (nothing happens before the first update)."""
        if self._state is not None:
            self.module.load_state_dict(self._state)

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"value": self.best_value, "step": self.best_step, "since": self._since, "state": self._state}

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """From a checkpoint."""
        self.best_value = state_dict["value"]
        self.best_step = state_dict["step"]
        self._since = state_dict["since"]
        self._state = state_dict["state"]
