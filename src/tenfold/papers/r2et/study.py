"""The prepared data as training reads it: batches of scaled inputs for all seeds of a job at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.r2et.networks.stack import Network
from tenfold.papers.r2et.settings import NetworkSettings

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, eq=False)
class Study:
    """Data of the S seeds of a job."""

    inputs: Tensor
    labels: Tensor
    splits: dict[str, Tensor]
    """Split -> places (S, .)"""
    shift: Tensor
    scale: Tensor
    neutral: Tensor
    """(S, *shape), scaled"""

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], seeds: tuple[int, ...], device: torch.device) -> Study:
        """The seeds' part of what `prepare` made."""
        places = [arrays["seeds"].tolist().index(seed) for seed in seeds]

        def own(name: str) -> Tensor:
            return torch.from_numpy(arrays[name][places]).to(device)

        return cls(
            torch.from_numpy(arrays["inputs"]).to(device),
            torch.from_numpy(arrays["labels"]).to(device),
            {name: own(name) for name in ("train", "validation", "test")},
            own("shift"),
            own("scale"),
            own("neutral"),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.inputs.shape[1:])

    @property
    def dimensions(self) -> int:
        """Number of axes of an input."""
        return len(self.shape)

    @property
    def features(self) -> int:
        """n: columns, edges, or pixels."""
        return self.shape[0] if self.dimensions == 1 else self.shape[-2] * self.shape[-1]

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1

    def batch(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled inputs (S, B, *shape) and labels (S, B) at places (S, B)."""
        x = self.inputs[places].to(self.shift)
        return (x - self.shift.unsqueeze(1)) / self.scale.unsqueeze(1), self.labels[places]

    def split(self, name: Split, count: int | None = None) -> tuple[Tensor, Tensor]:
        """The first `count` samples of each seed's split."""
        return self.batch(self.splits[name][:, :count])

    def network(self, settings: NetworkSettings) -> Network:
        """The architecture for this data. Raises ValueError when it does not fit the inputs."""
        if settings.name in ("perceptron", "graph"):
            if self.dimensions != 1:
                raise ValueError(f"network {settings.name} takes vectors; the inputs have shape {self.shape}")
            if settings.name == "perceptron":
                from tenfold.papers.r2et.networks.perceptron import Perceptron

                return Perceptron(self.features, tuple(settings.widths), self.classes)
            from tenfold.papers.r2et.networks.graph import GraphConvolutional

            nodes = settings.nodes or 0
            if nodes * (nodes - 1) // 2 != self.features:
                raise ValueError(f"network.nodes: {nodes} nodes have another number of edges than {self.features}")
            return GraphConvolutional(nodes, (settings.widths[0], settings.widths[-1]), self.classes)
        from tenfold.papers.r2et.networks.convolutional import Convolutional, ResNet9

        if self.dimensions != 3:
            raise ValueError(f"network {settings.name} takes images; the inputs have shape {self.shape}")
        channels, side = self.shape[0], self.shape[1]
        if settings.name == "resnet9":
            return ResNet9(channels, settings.widths[0], self.classes, side)
        return Convolutional(channels, side, (settings.widths[0], settings.widths[-1]), self.classes)


def for_models(values: Tensor, candidates: int) -> Tensor:
    """Values of the seeds (S, ...) for all models (S * candidates, ...); a seed's candidates follow each other."""
    if candidates == 1:
        return values
    return values.repeat_interleave(candidates, dim=0)
