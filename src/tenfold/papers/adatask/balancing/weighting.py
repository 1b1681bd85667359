"""Methods that weigh the losses: UW, DWA, GradNorm, RLW, and a single task."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from tenfold.papers.adatask.balancing.base import Balancer

SMALLEST_WEIGHT = 1e-3
"""GradNorm's weights stay above this: a negative weight would climb a loss."""


class SingleTask(Balancer):
    """One task alone (STL): the weights are one-hot."""

    def __init__(self, tasks: int, generator: torch.Generator, task: int) -> None:
        super().__init__(tasks, generator)
        self.task = task

    def weigh(self, losses: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(torch.tensor(self.task), self.tasks).to(losses)


class UncertaintyWeighting(Balancer):
    """UW (Kendall et al. 2018): sum_k (exp(-s_k) L_k + s_k) / 2, s_k learned by Adam from 0 at a rate of its own."""

    def __init__(self, tasks: int, generator: torch.Generator, lr: float = 0.025) -> None:
        super().__init__(tasks, generator)
        self.log_variances = torch.zeros(tasks, requires_grad=True)
        self._optimizer = torch.optim.Adam([self.log_variances], lr=lr)

    def weigh(self, losses: Tensor) -> Tensor:
        """The weights at the present s, which then takes its step: its gradient is (1 - exp(-s_k) L_k) / 2."""
        precisions = torch.exp(-self.log_variances.detach())
        self.log_variances.grad = 0.5 * (1 - precisions * losses.detach().float().cpu())
        self._optimizer.step()
        return (0.5 * precisions).to(losses)

    def state_dict(self) -> dict[str, Any]:
        own = {"log_variances": self.log_variances.detach().clone(), "optimizer": self._optimizer.state_dict()}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.log_variances.data.copy_(state_dict["log_variances"])
        self._optimizer.load_state_dict(state_dict["optimizer"])


def dwa_weights(last: Tensor, before: Tensor, temperature: float = 2.0) -> Tensor:
    """w_k = K softmax_k(r_k / T), r_k = `last`_k / `before`_k: mean losses of the last two epochs, (K,) each."""
    return len(last) * torch.softmax(last / before / temperature, dim=0)


class DynamicWeightAverage(Balancer):
    """DWA (Liu et al. 2019): losses that fall slowly get more weight; all ones in the first two epochs."""

    def __init__(self, tasks: int, generator: torch.Generator, temperature: float = 2.0) -> None:
        super().__init__(tasks, generator)
        self.temperature = temperature
        self._epochs: list[Tensor] = []
        self._sum, self._steps = torch.zeros(tasks), 0

    def weigh(self, losses: Tensor) -> Tensor:
        self._sum = self._sum + losses.detach().cpu()
        self._steps += 1
        if len(self._epochs) < 2:
            return torch.ones_like(losses)
        return dwa_weights(self._epochs[-1], self._epochs[-2], self.temperature).to(losses)

    def end_epoch(self) -> None:
        self._epochs = [*self._epochs[-1:], self._sum / self._steps]
        self._sum, self._steps = torch.zeros(self.tasks), 0

    def state_dict(self) -> dict[str, Any]:
        own = {"epochs": list(self._epochs), "sum": self._sum, "steps": self._steps}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._epochs, self._sum = list(state_dict["epochs"]), state_dict["sum"]
        self._steps = state_dict["steps"]


class RandomLossWeighting(Balancer):
    """RLW (Lin et al. 2022): w = K softmax(N(0, I)), drawn anew at each step."""

    def weigh(self, losses: Tensor) -> Tensor:
        return (self.tasks * torch.softmax(torch.randn(self.tasks, generator=self.generator), dim=0)).to(losses)


def gradnorm_gradient(norms: Tensor, weights: Tensor, ratios: Tensor, alpha: float = 1.5) -> tuple[Tensor, Tensor]:
    """GradNorm's loss sum_k |n_k - mean(n) r_k^alpha| and its gradient with respect to the weights, (K,).

    `norms` (K,) are of the gradients of w_k L_k, so n_k is linear in w_k; `ratios` (K,) the relative losses
    L_k / L_k(0), which r divides by their mean. The target is held fixed.
    """
    inverse_rates = ratios / ratios.mean()
    difference = norms - norms.mean() * inverse_rates**alpha
    return difference.abs().sum(), difference.sign() * norms / weights


class GradNorm(Balancer):
    """GradNorm (Chen et al. 2018): weights learned so that the tasks train at similar rates; their sum stays K."""

    needs_gradients = True

    def __init__(
        self, tasks: int, generator: torch.Generator, lr: float = 0.025, alpha: float = 1.5, layer: slice | None = None
    ) -> None:
        """`layer`: which of the N shared numbers the norms are taken over, the last shared layer; None: all."""
        super().__init__(tasks, generator)
        self.alpha, self.layer = alpha, layer or slice(None)
        self.weights = torch.ones(tasks, requires_grad=True)
        self._first = torch.full((tasks,), math.nan)
        self._losses = torch.full((tasks,), math.nan)
        self._optimizer = torch.optim.Adam([self.weights], lr=lr)

    def weigh(self, losses: Tensor) -> Tensor:
        self._losses = losses.detach().float().cpu()
        if self._first.isnan().any():
            self._first = self._losses.clone()
        return self.weights.detach().to(losses)

    def merge(self, gradients: Tensor) -> Tensor:
        """The gradients as they are; the weights take their step."""
        norms = gradients[:, self.layer].norm(dim=1).float().cpu()
        weights = self.weights.detach()
        _, self.weights.grad = gradnorm_gradient(norms, weights, self._losses / self._first, self.alpha)
        self._optimizer.step()
        with torch.no_grad():
            self.weights.clamp_(min=SMALLEST_WEIGHT)
            self.weights.mul_(self.tasks / self.weights.sum())
        return gradients

    def state_dict(self) -> dict[str, Any]:
        own = {
            "weights": self.weights.detach().clone(), "first": self._first, "losses": self._losses,
            "optimizer": self._optimizer.state_dict(),
        }  # fmt: skip
        return {**super().state_dict(), **own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.weights.data.copy_(state_dict["weights"])
        self._first, self._losses = state_dict["first"], state_dict["losses"]
        self._optimizer.load_state_dict(state_dict["optimizer"])
