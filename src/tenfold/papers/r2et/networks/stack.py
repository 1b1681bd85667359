"""M models of one architecture as one object.

Parameters have a leading axis M, inputs are (M, B, *shape) and logits (M, B, K), so that seeds and the points of a
hyper-parameter grid are trained, attacked and measured together. Nothing mixes models or samples: the gradient of a sum
over (M, B) holds the gradient of every sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Parameters: TypeAlias = dict[str, Tensor]


class Network(Protocol):
    """An architecture."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""

    @property
    def classes(self) -> int:
        """K"""

    def initial(self, generator: torch.Generator) -> Parameters:
        """Initial values of one model, without the axis M."""

    def logits(self, parameters: Parameters, x: Tensor, beta: Tensor | None) -> Tensor:
        """(M, B, *shape) -> (M, B, K)."""


@dataclass(frozen=True, eq=False)
class Stack:
    """M models: `network`, its stacked parameters, and its activation."""

    network: Network
    parameters: Parameters
    beta: Tensor | None = None
    """(M,) of softplus, one for each model; None: ReLU"""

    @property
    def models(self) -> int:
        return len(next(iter(self.parameters.values())))

    def softened(self, beta: float) -> Stack:
        """The same weights with softplus of this beta in place of ReLU; a stack that has softplus stays as it is."""
        if self.beta is not None:
            return self
        some = next(iter(self.parameters.values()))
        return replace(self, beta=torch.full((self.models,), beta, dtype=some.dtype, device=some.device))

    def select(self, indices: Tensor) -> Stack:
        """Some of the models, in this order, without a gradient to the others."""
        chosen = {name: values.detach()[indices] for name, values in self.parameters.items()}
        return replace(self, parameters=chosen, beta=None if self.beta is None else self.beta[indices])

    def logits(self, x: Tensor) -> Tensor:
        """(M, B, *shape) -> (M, B, K)."""
        return self.network.logits(self.parameters, x, self.beta)

    def probabilities(self, x: Tensor) -> Tensor:
        """(M, B, *shape) -> (M, B, K)."""
        return self.logits(x).softmax(-1)

    @torch.no_grad()
    def predict(self, x: Tensor) -> Tensor:
        """The class of each sample, (M, B)."""
        return self.logits(x).argmax(-1)

    def probability_of(self, classes: Tensor) -> ProbabilityOf:
        """f_c as a function of x, for fixed classes c (M, B)."""
        return ProbabilityOf(self, classes)


@dataclass(frozen=True, eq=False)
class ProbabilityOf:
    """x (M, B, *shape) -> f_c(x) (M, B)."""

    stack: Stack
    classes: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        # log_softmax and exp: the probability of a sure prediction keeps its gradient
        logarithms = self.stack.logits(x).log_softmax(-1)
        return logarithms.gather(-1, self.classes.unsqueeze(-1)).squeeze(-1).exp()

    def repeated(self, times: int) -> ProbabilityOf:
        """The same classes for `times` copies of the samples, laid out as (M, B * times)."""
        return ProbabilityOf(self.stack, self.classes.repeat_interleave(times, dim=1))


def stacked(models: list[Parameters]) -> Parameters:
    """Parameters of several models with the leading axis M."""
    return {name: torch.stack([model[name] for model in models]) for name in models[0]}


def activate(x: Tensor, beta: Tensor | None) -> Tensor:
    """ReLU, or softplus log(1 + exp(beta x)) / beta with the model's own beta; x is (M, ...)."""
    if beta is None:
        return functional.relu(x)
    scale = beta.reshape(-1, *[1] * (x.ndim - 1))
    return functional.softplus(scale * x) / scale


def uniform(shape: tuple[int, ...], fan_in: int, generator: torch.Generator) -> Tensor:
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)), the default of PyTorch's layers."""
    bound = fan_in**-0.5
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)
