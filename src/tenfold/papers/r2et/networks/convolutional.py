"""A small network for digits, and ResNet9 for colour images; the models of a stack are one grouped convolution."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tenfold.papers.r2et.networks.stack import Parameters, activate, uniform

MOMENTUM = 0.1
"""Of the running mean and variance of batch normalisation, PyTorch's default."""
EPSILON = 1e-5


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1, padding: int = 1) -> Tensor:
    """Inputs (M, B, C, H, W), weight (M, O, C, h, w), bias (M, O) -> (M, B, O, H', W')."""
    models, batch = x.shape[:2]
    merged = x.transpose(0, 1).flatten(1, 2)  # (B, M C, H, W)
    flat_bias = None if bias is None else bias.flatten()
    found = functional.conv2d(merged, weight.flatten(0, 1), flat_bias, stride=stride, padding=padding, groups=models)
    return found.unflatten(1, (models, -1)).transpose(0, 1).reshape(models, batch, -1, *found.shape[2:])


def max_pool(x: Tensor, size: int) -> Tensor:
    """(M, B, C, H, W) -> (M, B, C, H / size, W / size)."""
    return functional.max_pool2d(x.flatten(0, 1), size).unflatten(0, x.shape[:2])


def _kernel(inner: int, outer: int, size: int, generator: torch.Generator) -> Tensor:
    return uniform((outer, inner, size, size), inner * size * size, generator)


@dataclass(frozen=True)
class Convolutional:
    """Two convolutions of stride 2, then a linear layer; no normalisation."""

    channels: int = 1
    side: int = 28
    widths: tuple[int, int] = (16, 32)
    classes: int = 10

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.channels, self.side, self.side)

    def initial(self, generator: torch.Generator) -> Parameters:
        """Weights and biases."""
        first, second = self.widths
        flat = second * (-(-self.side // 4)) ** 2
        return {
            "kernel0": _kernel(self.channels, first, 3, generator),
            "kernel_bias0": uniform((first,), self.channels * 9, generator),
            "kernel1": _kernel(first, second, 3, generator),
            "kernel_bias1": uniform((second,), first * 9, generator),
            "weight": uniform((flat, self.classes), flat, generator),
            "bias": uniform((self.classes,), flat, generator),
        }

    def logits(self, parameters: Parameters, x: Tensor, beta: Tensor | None) -> Tensor:
        """(M, B, C, H, W) -> (M, B, K)."""
        for layer in range(2):
            x = convolve(x, parameters[f"kernel{layer}"], parameters[f"kernel_bias{layer}"], stride=2)
            x = activate(x, beta)
        return torch.baddbmm(parameters["bias"].unsqueeze(1), x.flatten(2), parameters["weight"])


@dataclass(frozen=True)
class ResNet9:
    """The authors' network for CIFAR-10: eight convolutions with batch normalisation, two residual blocks.

    Running means and variances are parameters that no optimiser moves. `logits` uses them, so a sample's saliency does
    not depend on its batch; `training_logits` uses the batch's own and says what the running ones become.
    """

    channels: int = 3
    width: int = 64
    classes: int = 10
    side: int = 32

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.channels, self.side, self.side)

    @property
    def _layers(self) -> list[tuple[int, int, int]]:
        """(inner, outer, pooling) of every convolution in order."""
        w = self.width
        return [
            (self.channels, w, 1), (w, 2 * w, 2), (2 * w, 2 * w, 1), (2 * w, 2 * w, 1),
            (2 * w, 4 * w, 2), (4 * w, 8 * w, 2), (8 * w, 8 * w, 1), (8 * w, 8 * w, 1),
        ]  # fmt: skip

    def initial(self, generator: torch.Generator) -> Parameters:
        """Kernels, scales and shifts, running means and variances, and the linear layer."""
        parameters: Parameters = {}
        for layer, (inner, outer, _) in enumerate(self._layers):
            parameters[f"kernel{layer}"] = _kernel(inner, outer, 3, generator)
            parameters[f"scale{layer}"] = torch.ones(outer)
            parameters[f"shift{layer}"] = torch.zeros(outer)
            parameters[f"running_mean{layer}"] = torch.zeros(outer)
            parameters[f"running_variance{layer}"] = torch.ones(outer)
        flat = 8 * self.width * (self.side // 32) ** 2
        parameters["weight"] = uniform((flat, self.classes), flat, generator)
        parameters["bias"] = uniform((self.classes,), flat, generator)
        return parameters

    def logits(self, parameters: Parameters, x: Tensor, beta: Tensor | None) -> Tensor:
        """(M, B, 3, 32, 32) -> (M, B, K), with the running statistics."""
        return self._forward(parameters, x, beta, None)

    def training_logits(self, parameters: Parameters, x: Tensor, beta: Tensor | None) -> tuple[Tensor, Parameters]:
        """Logits with the statistics of this batch, and the new running statistics."""
        updated: Parameters = {}
        return self._forward(parameters, x, beta, updated), updated

    def _forward(self, parameters: Parameters, x: Tensor, beta: Tensor | None, updated: Parameters | None) -> Tensor:
        for layer, (_, _, pooling) in enumerate(self._layers):
            if layer in (2, 6):
                kept = x
            x = convolve(x, parameters[f"kernel{layer}"], None)
            x = activate(_normalised(parameters, layer, x, updated), beta)
            if pooling > 1:
                x = max_pool(x, pooling)
            if layer in (3, 7):
                x = x + kept
        x = max_pool(x, 4).flatten(2)
        return torch.baddbmm(parameters["bias"].unsqueeze(1), x, parameters["weight"])


def _normalised(parameters: Parameters, layer: int, x: Tensor, updated: Parameters | None) -> Tensor:
    mean, variance = parameters[f"running_mean{layer}"], parameters[f"running_variance{layer}"]
    if updated is not None:
        running = mean, variance
        mean, variance = x.mean((1, 3, 4)), x.var((1, 3, 4), correction=0)
        count = x.numel() / mean.numel()
        unbiased = variance.detach() * count / max(count - 1, 1)
        updated[f"running_mean{layer}"] = torch.lerp(running[0], mean.detach(), MOMENTUM)
        updated[f"running_variance{layer}"] = torch.lerp(running[1], unbiased, MOMENTUM)
    factor = parameters[f"scale{layer}"] * (variance + EPSILON).rsqrt()
    shift = parameters[f"shift{layer}"] - mean * factor
    return x * factor[:, None, :, None, None] + shift[:, None, :, None, None]


def trained(name: str) -> bool:
    """Whether an optimiser moves this parameter: running statistics are not."""
    return not name.startswith("running_")
