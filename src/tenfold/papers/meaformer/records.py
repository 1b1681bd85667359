"""What a training has shown so far: ranks at the last, the chosen and the best epoch, and the weights worth keeping."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tenfold.metrics.alignment import Ranks

MOMENTS = ("last", "selected", "best")
"""The last epoch; the best by validation; the best by test (the protocol of the published code, not comparable)."""


def mean_reciprocal_rank(ranks: Ranks) -> float:
    """Mean over both directions."""
    both = torch.cat([ranks.left_to_right, ranks.right_to_left])
    return float((1 / (both + 1.0)).mean())


class Records:
    """Ranks of the test links at three moments. A tie goes to the later epoch."""

    def __init__(self) -> None:
        self.ranks: dict[str, Ranks] = {}
        self.epochs = dict.fromkeys(MOMENTS, 0)
        self.highest = {"selected": -1.0, "best": -1.0}
        self.weights: dict[str, torch.Tensor] | None = None

    def take(self, epoch: int, test: Ranks, validation: Ranks | None, model: nn.Module | None = None) -> None:
        """Take in an evaluation; without validation links every epoch is chosen. A given model's weights are kept if
        the epoch is chosen.
        """
        chosen = mean_reciprocal_rank(validation) if validation is not None else self.highest["selected"]
        for moment, score in (("selected", chosen), ("best", mean_reciprocal_rank(test))):
            if score >= self.highest[moment]:
                self.highest[moment], self.epochs[moment], self.ranks[moment] = score, epoch, test
                if moment == "selected" and model is not None:
                    self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.ranks["last"], self.epochs["last"] = test, epoch

    def state_dict(self) -> dict[str, Any]:
        ranks = {name: [ranks.left_to_right, ranks.right_to_left] for name, ranks in self.ranks.items()}
        return {"ranks": ranks, "epochs": self.epochs, "highest": self.highest, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.ranks = {name: Ranks(*pair) for name, pair in state["ranks"].items()}
        self.epochs, self.highest, self.weights = state["epochs"], state["highest"], state["weights"]
