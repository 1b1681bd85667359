"""AU and rAU: how much of a parameter's updates belongs to each task (section 3.2 of the card).

AU_t^k = gamma AU_{t-1}^k + (1 - gamma) (d_t^k)^2, AU_0 = 0, and rAU_t^k = AU_t^k / sum_j AU_t^j, for every scalar
parameter. The squared-gradient averages A^k are kept beside them: claim C2 says that their shares drive rAU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

BINS = 10
DOMINATED = 0.25
"""An element is dominated in task k when its rAU^k is below this."""


def relative(averages: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of the tasks (K, M), over the M elements of `averages` (K, ...) that any task has moved; and which (...).

    Elements that no task has ever moved (dead units, unseen embedding rows) have no share: 0/0.
    """
    total = averages.sum(0)
    alive = total > 0
    return averages[:, alive] / total[alive], alive


@dataclass(frozen=True)
class Shares:
    """rAU of one tensor, for each task: `mean` (K,), `histogram` (K, 10) of shares, `dominated` (K,), `alive` share."""

    mean: np.ndarray
    histogram: np.ndarray
    dominated: np.ndarray
    alive: float


def shares(averages: Tensor) -> Shares:
    """Summary of one tensor's AU (K, ...); NaN where no element is alive."""
    ratio, alive = relative(averages.double())
    tasks, count = ratio.shape
    if count == 0:
        nothing = np.full(tasks, np.nan)
        return Shares(nothing, np.full((tasks, BINS), np.nan), nothing, 0.0)
    bins = (ratio * BINS).long().clamp(max=BINS - 1)
    histogram = torch.stack([torch.bincount(row, minlength=BINS) for row in bins]).double() / count
    return Shares(
        ratio.mean(1).cpu().numpy(),
        histogram.cpu().numpy(),
        (ratio < DOMINATED).double().mean(1).cpu().numpy(),
        float(alive.double().mean()),
    )


class Monitor:
    """Follows the updates and the gradients of each task on some of the shared parameters."""

    def __init__(self, watched: Mapping[str, int], decay: float = 0.999) -> None:
        """`watched`: name of a tensor -> its place among the shared parameters."""
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}, must be at least 0 and below 1")
        self.names = list(watched)
        self.decay = decay
        self.updates: list[Tensor] = []
        """AU (K, *shape) of each watched tensor."""
        self.gradients: list[Tensor] = []
        """Averages of squared gradients (K, *shape) of each watched tensor."""
        self._places = list(watched.values())

    @torch.no_grad()
    def observe(self, updates: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        """One step: what each task added to each shared parameter, and its gradient there, (K, *shape) each."""
        steps = [updates[place] for place in self._places]
        slopes = [gradients[place] for place in self._places]
        if not self.updates:
            self.updates = [torch.zeros_like(step) for step in steps]
            self.gradients = [torch.zeros_like(slope) for slope in slopes]
        for averages, values in ((self.updates, steps), (self.gradients, slopes)):
            torch._foreach_mul_(averages, self.decay)
            torch._foreach_addcmul_(averages, values, values, value=1 - self.decay)

    def means(self) -> np.ndarray:
        """Mean rAU of each watched tensor and task, (tensors, K)."""
        return np.stack([shares(average).mean for average in self.updates])

    def summary(self) -> dict[str, np.ndarray]:
        """`mean`, `dominated` (tensors, K), `histogram` (tensors, K, 10), `alive` (tensors,) of rAU, and
        `gradient_mean` (tensors, K), the shares of the squared-gradient averages.
        """
        found = [shares(average) for average in self.updates]
        return {
            "mean": np.stack([one.mean for one in found]),
            "dominated": np.stack([one.dominated for one in found]),
            "histogram": np.stack([one.histogram for one in found]),
            "alive": np.array([one.alive for one in found]),
            "gradient_mean": np.stack([shares(average).mean for average in self.gradients]),
        }

    def state_dict(self) -> dict[str, Any]:
        return {"updates": list(self.updates), "gradients": list(self.gradients)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.updates, self.gradients = list(state_dict["updates"]), list(state_dict["gradients"])
