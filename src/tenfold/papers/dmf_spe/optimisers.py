"""Gradient descent and RMSProp on many factorizations at once, with every intermediate product in a buffer.

The loops over steps are the cost of this paper. For one step of all B runs there are `3 (L-1)` batched matrix products,
none of which allocates memory; the updates are fused into the products where the optimiser allows it. All factors move
at once: each update reads only factors and products of the step before.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tenfold.papers.dmf_spe.model import Factors


class GradientDescent:
    """`W_l <- W_l - rate dF/dW_l`.

    `factors`: L tensors (B, d, d), changed in place; `target` (B, d, d); `rates` (B,), one learning rate per run;
    `mask` (B, d, d) of observed entries, or None.
    """

    def __init__(self, factors: Factors, target: Tensor, rates: Tensor, mask: Tensor | None = None) -> None:
        self.factors = [factor.contiguous() for factor in factors]
        self.target = target.contiguous()
        self.rates = rates
        self.mask = mask
        self._weight = self._residual_weight()
        self._below = [self.factors[0], *(torch.empty_like(target) for _ in self.factors[1:-1])]  # W_l .. W_1
        self._above = [torch.empty_like(target) for _ in self.factors]  # (W_L .. W_(l+1))^T (P - M)
        self._transposed = [factor.mT for factor in self.factors]
        self._below_transposed = [below.mT for below in self._below]

    def _residual_weight(self) -> Tensor | None:
        """What the residual is multiplied with; with the rate inside it, the gradients come out as complete steps."""
        weight = self.rates[:, None, None]
        return weight if self.mask is None else weight * self.mask

    def advance(self, steps: int) -> None:
        """Do `steps` steps."""
        for _ in range(steps):
            self._forward()
            self._update()

    def _forward(self) -> None:
        """Products `W_l .. W_1` and the weighted residual."""
        if len(self.factors) == 1:
            torch.sub(self.factors[0], self.target, out=self._above[0])
        else:
            for level in range(1, len(self.factors) - 1):
                torch.bmm(self.factors[level], self._below[level - 1], out=self._below[level])
            torch.baddbmm(self.target, self.factors[-1], self._below[-1], beta=-1, out=self._above[-1])
        if self._weight is not None:
            self._above[-1].mul_(self._weight)

    def _update(self) -> None:
        for level in range(len(self.factors) - 1, 0, -1):
            # the factor is read for the next level before it moves
            torch.bmm(self._transposed[level], self._above[level], out=self._above[level - 1])
            self.factors[level].baddbmm_(self._above[level], self._below_transposed[level - 1], alpha=-1)
        self.factors[0].sub_(self._above[0])

    def kept(self, runs: Tensor) -> GradientDescent:
        """The same optimiser for some of its runs: indices (B',)."""
        return type(self)(
            [factor[runs] for factor in self.factors],
            self.target[runs],
            self.rates[runs],
            None if self.mask is None else self.mask[runs],
        )

    def state_dict(self) -> dict[str, Any]:
        """Factors."""
        return {"factors": self.factors}

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Factors; their shapes must be those of this batch."""
        for factor, saved in zip(self.factors, state_dict["factors"], strict=True):
            factor.copy_(saved)


class RMSProp(GradientDescent):
    """`v <- b v + (1-b) g^2`, `W <- W - rate g / (sqrt(v) + e)`, v from zero, no bias correction."""

    def __init__(
        self,
        factors: Factors,
        target: Tensor,
        rates: Tensor,
        mask: Tensor | None = None,
        *,
        decay: float,
        epsilon: float,
    ) -> None:
        super().__init__(factors, target, rates, mask)
        self.decay = decay
        self.epsilon = epsilon
        self.moments = [torch.zeros_like(factor) for factor in self.factors]
        self._gradient = torch.empty_like(target)
        self._denominator = torch.empty_like(target)
        self._rate = self.rates[:, None, None]

    def _residual_weight(self) -> Tensor | None:
        return None if self.mask is None else self.mask.to(self.target.dtype)

    def _update(self) -> None:
        for level in range(len(self.factors) - 1, 0, -1):
            torch.bmm(self._transposed[level], self._above[level], out=self._above[level - 1])
            torch.bmm(self._above[level], self._below_transposed[level - 1], out=self._gradient)
            self._move(level, self._gradient)
        self._move(0, self._above[0])

    def _move(self, level: int, gradient: Tensor) -> None:
        moment = self.moments[level]
        moment.mul_(self.decay).addcmul_(gradient, gradient, value=1 - self.decay)
        torch.sqrt(moment, out=self._denominator).add_(self.epsilon)
        self.factors[level].sub_(gradient.div_(self._denominator).mul_(self._rate))

    def kept(self, runs: Tensor) -> RMSProp:
        """The same optimiser for some of its runs, with their second moments."""
        result = RMSProp(
            [factor[runs] for factor in self.factors],
            self.target[runs],
            self.rates[runs],
            None if self.mask is None else self.mask[runs],
            decay=self.decay,
            epsilon=self.epsilon,
        )
        result.moments = [moment[runs] for moment in self.moments]
        return result

    def state_dict(self) -> dict[str, Any]:
        """Factors and second moments."""
        return {"factors": self.factors, "moments": self.moments}

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Factors and second moments; their shapes must be those of this batch."""
        super().load_state_dict(state_dict)
        for moment, saved in zip(self.moments, state_dict["moments"], strict=True):
            moment.copy_(saved)
