"""Methods that merge the gradients: PCGrad, GradVac, GradDrop, MGDA, CAGrad, IMTL-G, each as a `Balancer`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.adatask.balancing import surgery
from tenfold.papers.adatask.balancing.base import Balancer


def gram_matrix(gradients: Tensor) -> np.ndarray:
    """Inner products (K, K) of the rows of `gradients` (K, N), in float64 on the CPU."""
    return (gradients @ gradients.T).double().cpu().numpy()


class _Merging(Balancer):
    needs_gradients = True

    def _orders(self) -> list[list[int]]:
        """For each task the other ones, in a random order."""
        orders = []
        for own in range(self.tasks):
            permuted = torch.randperm(self.tasks, generator=self.generator).tolist()
            orders.append([other for other in permuted if other != own])
        return orders

    def _weighted(self, gradients: Tensor, weights: np.ndarray) -> Tensor:
        return gradients * torch.as_tensor(weights).to(gradients)[:, None]


class PCGrad(_Merging):
    """Projected gradients; their sum is the merged one."""

    def merge(self, gradients: Tensor) -> Tensor:
        coefficients = surgery.pcgrad(gram_matrix(gradients), self._orders())
        return torch.as_tensor(coefficients).to(gradients) @ gradients


class GradVac(_Merging):
    """Gradients turned towards each other until their cosines reach moving targets."""

    def __init__(self, tasks: int, generator: torch.Generator, decay: float = 0.5) -> None:
        super().__init__(tasks, generator)
        self.decay = decay
        self.targets = np.zeros((tasks, tasks))

    def merge(self, gradients: Tensor) -> Tensor:
        found = surgery.gradvac(gram_matrix(gradients), self._orders(), self.targets, self.decay)
        coefficients, self.targets = found
        return torch.as_tensor(coefficients).to(gradients) @ gradients

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "targets": torch.as_tensor(self.targets)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.targets = state_dict["targets"].numpy().copy()


class GradDrop(_Merging):
    """One sign of each element survives, drawn by the weight of each sign."""

    def merge(self, gradients: Tensor) -> Tensor:
        uniform = torch.rand(gradients.shape[1], generator=self.generator).to(gradients)
        return surgery.graddrop(gradients, uniform)


class MGDA(_Merging):
    """K times the min-norm weights."""

    def merge(self, gradients: Tensor) -> Tensor:
        return self._weighted(gradients, self.tasks * surgery.mgda(gram_matrix(gradients)))


class CAGrad(_Merging):
    """Conflict-averse gradient within c |g_0| of the average."""

    def __init__(self, tasks: int, generator: torch.Generator, c: float = 0.4) -> None:
        super().__init__(tasks, generator)
        self.c = c

    def merge(self, gradients: Tensor) -> Tensor:
        return self._weighted(gradients, surgery.cagrad(gram_matrix(gradients), self.c)[1])


class IMTLG(_Merging):
    """K times the weights of equal projections."""

    def merge(self, gradients: Tensor) -> Tensor:
        return self._weighted(gradients, self.tasks * surgery.imtl_g(gram_matrix(gradients)))
