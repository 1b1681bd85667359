"""Networks for images. All of them take inputs (M, B, ...) and return scores (M, B, classes) of M members at once.

The perceptron holds all its members in stacked weights, so that every keep rate and seed trains in one batched
computation. The convolutional networks are large enough to fill a device alone and have one member.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

VGG_16 = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")


class Perceptrons(nn.Module):
    """ReLU networks with the same layers and weights of their own: `weight` l is (M, inputs, outputs)."""

    def __init__(self, sizes: Sequence[int], members: int = 1) -> None:
        """`sizes`: inputs, units of hidden layers, classes. Normal weights with variance 2 / inputs, zero biases."""
        super().__init__()
        shapes = list(pairwise(sizes))
        self.weights = nn.ParameterList(torch.randn(members, i, o) * math.sqrt(2 / i) for i, o in shapes)
        self.biases = nn.ParameterList(torch.zeros(members, 1, o) for _, o in shapes)

    @property
    def members(self) -> int:
        return len(self.weights[0])

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = inputs.flatten(2)  # (M, B, inputs)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if layer + 1 < len(self.weights):
                hidden = hidden.relu()
        return hidden

    def prunable(self) -> dict[str, Tensor]:
        """Weights that masks may cover: all but those of the output layer."""
        return {f"weights.{layer}": weight for layer, weight in enumerate(list(self.weights)[:-1])}

    def parts(self) -> list[Perceptrons]:
        """Copies with one member each."""
        sizes = [weight.shape[1] for weight in self.weights] + [self.weights[-1].shape[2]]
        found = [Perceptrons(sizes) for _ in range(self.members)]
        for member, part in enumerate(found):
            part.load_state_dict({name: tensor[member : member + 1] for name, tensor in self.state_dict().items()})
            part.to(self.weights[0])
        return found

    @classmethod
    def stacked(cls, parts: Sequence[Perceptrons]) -> Perceptrons:
        """One network with the members of all `parts`, in order."""
        states = [part.state_dict() for part in parts]
        sizes = [weight.shape[1] for weight in parts[0].weights] + [parts[0].weights[-1].shape[2]]
        joined = cls(sizes, members=sum(part.members for part in parts))
        joined.load_state_dict({name: torch.cat([state[name] for state in states]) for name in states[0]})
        return joined


class Convolutional(nn.Module):
    """A convolutional network with one member: inputs (1, B, C, H, W)."""

    members = 1

    def __init__(self, body: nn.Module, features: int, classes: int) -> None:
        super().__init__()
        self.body = body
        self.classifier = nn.Linear(features, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, inputs: Tensor) -> Tensor:
        features = self.body(inputs[0])  # (B, features, 1, 1)
        return self.classifier(features.flatten(1)).unsqueeze(0)

    def parts(self) -> list[Convolutional]:
        """A list with a copy."""
        return [copy.deepcopy(self)]

    def prunable(self) -> dict[str, Tensor]:
        """Weights that masks may cover: those of all convolutions."""
        return {f"{name}.weight": layer.weight for name, layer in self.named_modules() if isinstance(layer, nn.Conv2d)}


def vgg_16(classes: int, channels: int = 3, width: float = 1.0) -> Convolutional:
    """VGG-16 with batch normalization for 32x32 images and one linear layer on top (Simonyan & Zisserman, plan D)."""
    layers: list[nn.Module] = []
    before = channels
    for step in VGG_16:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(2))
            continue
        after = max(1, round(step * width))
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        before = after
    return Convolutional(nn.Sequential(*layers), before, classes)


def resnet_20(classes: int, channels: int = 3, width: float = 1.0) -> Convolutional:
    """ResNet-20 for 32x32 images with parameter-free shortcuts (He et al. 2016, section 4.2, option A)."""
    widths = [max(1, round(size * width)) for size in (16, 32, 64)]
    layers: list[nn.Module] = [
        nn.Conv2d(channels, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True),
    ]  # fmt: skip
    before = widths[0]
    for stage, after in enumerate(widths):
        for block in range(3):
            layers.append(ResidualBlock(before, after, stride=2 if stage > 0 and block == 0 else 1))
            before = after
    return Convolutional(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1)), before, classes)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions; where the shape changes, the shortcut drops pixels and pads channels with zeros."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        self.stride, self.added = stride, after - before

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.first_norm(self.first(inputs)).relu()
        hidden = self.second_norm(self.second(hidden))
        shortcut = inputs[:, :, :: self.stride, :: self.stride]
        front = self.added // 2
        return (hidden + nn.functional.pad(shortcut, (0, 0, 0, 0, front, self.added - front))).relu()


Network = Perceptrons | Convolutional


def build(name: str, image_shape: tuple[int, ...], classes: int, hidden: Sequence[int], width: float) -> Network:
    """The network `name` with one member, for images of `image_shape` (C, H, W).

    The convolutional ones need 32x32 pixels or a multiple, because VGG-16 halves the image five times.
    """
    if name == "mlp":
        return Perceptrons([math.prod(image_shape), *hidden, classes])
    return {"vgg-16": vgg_16, "resnet-20": resnet_20}[name](classes, image_shape[0], width)
