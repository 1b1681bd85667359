"""Multilayer perceptron for tables."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from tenfold.papers.r2et.networks.stack import Parameters, activate, uniform


@dataclass(frozen=True)
class Perceptron:
    """features -> widths -> classes."""

    features: int
    widths: tuple[int, ...] = (64, 64)
    classes: int = 2

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.features,)

    def initial(self, generator: torch.Generator) -> Parameters:
        """Weights (in, out) and biases (out,) of every layer."""
        sizes = (self.features, *self.widths, self.classes)
        parameters = {}
        for layer, (inner, outer) in enumerate(itertools.pairwise(sizes)):
            parameters[f"weight{layer}"] = uniform((inner, outer), inner, generator)
            parameters[f"bias{layer}"] = uniform((outer,), inner, generator)
        return parameters

    def logits(self, parameters: Parameters, x: Tensor, beta: Tensor | None) -> Tensor:
        """(M, B, features) -> (M, B, classes)."""
        for layer in range(len(self.widths) + 1):
            if layer:
                x = activate(x, beta)
            x = torch.baddbmm(parameters[f"bias{layer}"].unsqueeze(1), x, parameters[f"weight{layer}"])
        return x
