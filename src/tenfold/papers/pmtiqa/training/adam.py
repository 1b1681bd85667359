"""Adam on stacks of networks: every member has its own learning rate, and none sees another's gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class StackedAdam:
    """Adam (Kingma & Ba 2015) with L2 decay, the rule of `torch.optim.Adam`, on parameters (M, ...) of M members."""

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        rates: Tensor,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        """`rates` (M,) are the members' learning rates."""
        self.parameters = list(parameters.values())
        self.rates = [rates.reshape(-1, *[1] * (value.ndim - 1)) for value in self.parameters]
        self.weight_decay, self.betas, self.epsilon = weight_decay, betas, epsilon
        self.steps = 0
        self.first = [torch.zeros_like(value) for value in self.parameters]
        self.second = [torch.zeros_like(value) for value in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor | None]) -> None:
        """One step; a parameter without a gradient is left alone, decay included, as PyTorch does."""
        self.steps += 1
        b1, b2 = self.betas
        root = (1 - b2**self.steps) ** 0.5
        parts = zip(self.parameters, gradients, self.rates, self.first, self.second, strict=True)
        for value, gradient, rate, first, second in parts:
            if gradient is None:
                continue
            gradient = gradient.add(value, alpha=self.weight_decay)
            first.lerp_(gradient, 1 - b1)
            second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
            value.sub_(rate / (1 - b1**self.steps) * first / (second.sqrt() / root + self.epsilon))
