"""One step of multi-task training: weigh the losses, K backward passes, merge, optimizer, monitor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tenfold.papers.adatask.balancing.choice import balancer
from tenfold.papers.adatask.dominance import Monitor
from tenfold.papers.adatask.optimizers import OPTIMIZERS, task_gradients
from tenfold.papers.adatask.settings import Train
from tenfold.training.checkpoint import State


class TaskStep:
    """Trains a model with a shared trunk and heads on K losses of one forward pass.

    A method that needs no gradients of single tasks (a weighting with joint accumulators, not monitored) takes one
    backward pass of the weighted sum; every other one K.
    """

    def __init__(
        self,
        model: nn.Module,
        shared_names: Sequence[str],
        settings: Train,
        *,
        tasks: int,
        lr: float,
        generator: torch.Generator,
        only: int | None = None,
        watched: Mapping[str, str] | None = None,
        last_layer: str | None = None,
    ) -> None:
        """`shared_names`: which of the model's parameters the tasks share. `only`: the task that is trained alone.
        `watched`: label -> name of the shared parameters the monitor follows. `last_layer`: start of the names of the
        last shared layer, over which GradNorm takes its norms.
        """
        named = dict(model.named_parameters())
        prefixes = None if settings.task_layers is None else tuple(settings.task_layers)
        own = [name for name in shared_names if prefixes is None or name.startswith(prefixes)]
        joint = [name for name in shared_names if name not in own]
        names = [*joint, *own]
        self.tasks = tasks
        self.shared = [named[name] for name in names]
        self.specific = [parameter for name, parameter in named.items() if name not in set(names)]
        self._sizes = [parameter.numel() for parameter in self.shared]
        self.balancer = balancer(
            settings.balance, tasks, generator, only=only, layer=self._columns(names, last_layer or "")
        )
        alone = only is not None
        self.monitor = (
            self._monitor(settings, names, watched or {}) if settings.monitoring.enabled and not alone else None
        )
        separate = settings.accumulators == "task" or self.balancer.needs_gradients or self.monitor is not None
        self.separate = separate and not alone
        """Whether the gradients of the tasks are kept apart: K backward passes instead of one."""
        count = tasks if self.separate else 1
        groups: list[dict[str, Any]] = [
            {"params": [named[name] for name in part], "tasks": count, "accumulators": accumulators}
            for part, accumulators in ((joint, "joint"), (own, settings.accumulators))
            if part
        ]
        self.optimizer = OPTIMIZERS[settings.optimizer](
            [*groups, *([{"params": self.specific}] if self.specific else [])], lr=lr * settings.rate_factor
        )
        self.optimizer.record_updates = self.monitor is not None
        self._rates = [group["lr"] for group in self.optimizer.param_groups]

    def _columns(self, names: Sequence[str], prefix: str) -> slice | None:
        """Which of the N shared numbers belong to the parameters whose names start so; they stand together."""
        places = [place for place, name in enumerate(names) if prefix and name.startswith(prefix)]
        if not places:
            return None
        return slice(sum(self._sizes[: places[0]]), sum(self._sizes[: places[-1] + 1]))

    @staticmethod
    def _monitor(settings: Train, names: Sequence[str], watched: Mapping[str, str]) -> Monitor:
        return Monitor({label: names.index(name) for label, name in watched.items()}, settings.monitoring.decay)

    @property
    def backward_passes(self) -> int:
        """Backward passes through the trunk in one step."""
        return self.tasks if self.separate else 1

    @property
    def state(self) -> State:
        """What a checkpoint must hold beside the model."""
        parts: State = {"optimizer": self.optimizer, "balancer": self.balancer}
        return parts if self.monitor is None else {**parts, "monitor": self.monitor}

    def scale_rate(self, factor: float) -> None:
        """Multiply the learning rates that the settings gave by `factor`."""
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def take(self, losses: Sequence[Tensor]) -> None:
        """One step on K scalar losses."""
        weights = self.balancer.weigh(torch.stack([loss.detach() for loss in losses]))
        weighted = [loss * weight for loss, weight in zip(losses, weights, strict=True)]
        self.optimizer.zero_grad()
        if not self.separate:
            torch.stack(weighted).sum().backward()
            self.optimizer.step()
            return
        gradients = task_gradients(weighted, self.shared, self.specific)
        if self.balancer.needs_gradients:
            gradients = self._merged(gradients)
        self.optimizer.step(gradients)
        if self.monitor is not None:
            self.monitor.observe(self.optimizer.updates, gradients)

    def _merged(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        flat = torch.cat([gradient.reshape(self.tasks, -1) for gradient in gradients], dim=1)  # (K, N)
        parts = self.balancer.merge(flat).split(self._sizes, dim=1)
        return [part.reshape(self.tasks, *parameter.shape) for part, parameter in zip(parts, self.shared, strict=True)]

    def record(self) -> dict[str, np.ndarray]:
        """What the monitor has seen, for predictions; nothing where there is none."""
        return {} if self.monitor is None else self.monitor.summary()
