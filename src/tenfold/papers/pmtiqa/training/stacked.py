"""Training many small networks on cached taps as one computation: seeds, units of the label, learning rates, arms.

Each member has its own split, order of images, initial values and learning rate; it trains as it would alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from tenfold.papers.pmtiqa.model import network
from tenfold.papers.pmtiqa.schedule import rate_exponent, task_losses, task_weights
from tenfold.papers.pmtiqa.settings import Schedule, Train
from tenfold.papers.pmtiqa.training.adam import StackedAdam
from tenfold.papers.pmtiqa.training.taps import cached_inputs, channels
from tenfold.training.run import Run

TEST_IMAGES = 16
"""Images of a forward pass in testing, of each member: a hundred members at once would need gigabytes."""


@dataclass(frozen=True)
class Member:
    """One network: the images it trains and is tested on, its schedule, rate, and the factor on its labels."""

    seed: int
    training: np.ndarray
    test: np.ndarray
    schedule: Schedule
    rate: float
    factor: float = 1.0
    arm: str = ""


@dataclass(frozen=True)
class Trained:
    """What M members leave.

    `scores[m]` (T, n_m) on their test images after each epoch, in the unit of the member's labels; `losses` (M, T, 2),
    the mean regression and classification loss of each epoch; final `states`.
    """

    scores: list[np.ndarray]
    losses: np.ndarray
    states: list[dict[str, Tensor]]


class Records:
    """What is written down after each epoch, and kept in checkpoints."""

    def __init__(self, members: int, epochs: int, test: int) -> None:
        self.scores = torch.zeros(members, epochs, test)
        self.losses = torch.zeros(members, epochs, 2, dtype=torch.float64)

    def state_dict(self) -> dict[str, Tensor]:
        return {"scores": self.scores, "losses": self.losses}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.scores, self.losses = state["scores"], state["losses"]


class Inputs:
    """Batches of cached taps, labels and classes for all members at once."""

    def __init__(self, run: Run, settings: Train, members: Sequence[Member]) -> None:
        self.taps = cached_inputs(run.data, settings.projection, run.device)
        self.crops = self.taps[0].shape[1]
        scores = torch.as_tensor(run.data["scores"], dtype=torch.float32, device=run.device)
        factors = torch.tensor([member.factor for member in members], device=run.device)
        self.labels = factors[:, None] * scores  # (M, N)
        self.classes = torch.as_tensor(run.data["classes"], device=run.device)
        self.rows = torch.arange(len(members), device=run.device)[:, None]
        self.scaling: tuple[Tensor, Tensor] | None = None
        if settings.projection == "features":
            self.scaling = _scaling(self.taps[0], members)

    def taps_of(self, places: Tensor) -> list[Tensor]:
        """Images (M, B) -> inputs (M, B * K, C_k, g, g), the K crops of an image side by side."""
        found = [tap[places].flatten(1, 2) for tap in self.taps]
        if self.scaling is not None:
            mean, deviation = self.scaling
            found = [(found[0] - mean) / deviation]
        return found

    def targets_of(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Labels and classes (M, B * K) of images (M, B)."""
        labels, classes = self.labels[self.rows, places], self.classes[places]
        return labels.repeat_interleave(self.crops, 1), classes.repeat_interleave(self.crops, 1)


def _scaling(features: Tensor, members: Sequence[Member]) -> tuple[Tensor, Tensor]:
    """Mean and deviation (M, 1, D, 1, 1) of each input over a member's training images; constant inputs stay."""
    parts = [features[torch.as_tensor(member.training), 0] for member in members]
    mean = torch.stack([part.mean(0) for part in parts])[:, None]
    deviation = torch.stack([part.std(0, correction=0) for part in parts])[:, None]
    return mean, torch.where(deviation > 0, deviation, torch.ones_like(deviation))


def train_stack(run: Run, settings: Train, members: Sequence[Member], name: str, *, share: float, log: bool) -> Trained:
    """Train all members for the same number of epochs; `log` writes one row for each member and epoch.

    `share` of the images is what a member trains on, roughly: all members take as many steps, whatever their splits.
    """
    optimisation = settings.optimisation
    inputs = Inputs(run, settings, members)
    model, parameters = _initial(run, settings, members)
    forward = vmap(partial(_forward, model))
    images_a_step = max(1, optimisation.batch_crops // inputs.crops)
    # Splits keep references together, so training sets differ by a few images; batches then differ by one or two.
    steps = max(1, round(share * len(inputs.classes) / images_a_step))
    test, _ = _padded([member.test for member in members])
    records = Records(len(members), optimisation.epochs, test.shape[1])
    base_rates = torch.tensor([member.rate for member in members], device=run.device)
    loop = run.loop(name, optimisation.epochs, {"records": records, **parameters})
    for step in loop:
        epoch = step - 1
        weights = torch.tensor([_weights(member.schedule, epoch, optimisation.epochs) for member in members])
        regression_weight, class_weight = weights.to(run.device, torch.float32).T
        adam = StackedAdam(
            parameters, base_rates * 10.0 ** rate_exponent(epoch, optimisation.period), optimisation.weight_decay
        )
        sums = torch.zeros(len(members), 2, device=run.device)
        for places, present in _batches(run, members, epoch, steps):
            places, present = places.to(run.device), present.to(run.device)
            labels, classes = inputs.targets_of(places)
            quality, logits = forward(parameters, inputs.taps_of(places))
            regression, classification = task_losses(
                quality, logits, labels, classes, present.repeat_interleave(inputs.crops, 1)
            )
            loss = (regression_weight * regression + class_weight * classification).sum()
            adam.step(torch.autograd.grad(loss, list(parameters.values()), allow_unused=True))
            sums += torch.stack([regression, classification], 1).detach()
        records.losses[:, epoch] = (sums / steps).double().cpu()
        for start in range(0, test.shape[1], TEST_IMAGES):
            places = test[:, start : start + TEST_IMAGES].to(run.device)
            with torch.no_grad():
                quality, _ = forward(parameters, inputs.taps_of(places))
            means = quality.unflatten(1, (-1, inputs.crops)).mean(2)
            records.scores[:, epoch, start : start + TEST_IMAGES] = means.cpu()
        if log:
            _log(run, loop, members, records, epoch)
    scores = [records.scores[m, :, : len(member.test)].numpy() for m, member in enumerate(members)]
    states = [{key: value[m].detach().cpu().clone() for key, value in parameters.items()} for m in range(len(members))]
    return Trained(scores, records.losses.numpy(), states)


def _forward(model: nn.Module, parameters: dict[str, Tensor], taps: list[Tensor]) -> tuple[Tensor, Tensor]:
    return functional_call(model, parameters, (taps,))


def _initial(run: Run, settings: Train, members: Sequence[Member]) -> tuple[nn.Module, dict[str, Tensor]]:
    """A network, and the parameters of all members, (M, ...), each from its seed."""
    models = []
    for member in members:
        with run.seeded(member.seed, "model"):
            models.append(
                network(settings.projection, channels(run.data), settings.widths, int(run.data["class_count"]))
            )
    parameters, _ = stack_module_state(models)
    moved = {name: value.detach().to(run.device).requires_grad_() for name, value in parameters.items()}
    return models[0], moved


def _weights(schedule: Schedule, epoch: int, epochs: int) -> tuple[float, float]:
    return task_weights(schedule.name, epoch, epochs, schedule.regression, schedule.classification)


def _batches(run: Run, members: Sequence[Member], epoch: int, steps: int) -> list[tuple[Tensor, Tensor]]:
    """For each step the images (M, B) and which of them are there (M, B): batches of a member differ by at most one."""
    orders = []
    for member in members:
        order = torch.randperm(len(member.training), generator=run.generator(member.seed, "order", epoch)).numpy()
        orders.append(np.array_split(member.training[order], steps))
    return [_padded([order[number] for order in orders]) for number in range(steps)]


def _padded(rows: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Rows of different lengths as one tensor, and 1 where an entry is there, 0 where it only fills up."""
    width = max(map(len, rows))
    places, present = torch.zeros(len(rows), width, dtype=torch.long), torch.zeros(len(rows), width)
    for number, row in enumerate(rows):
        places[number, : len(row)] = torch.as_tensor(row)
        present[number, : len(row)] = 1
    return places, present


def _log(run: Run, loop, members: Sequence[Member], records: Records, epoch: int) -> None:  # type: ignore[no-untyped-def]
    from tenfold.metrics.correlation import spearman

    for number, member in enumerate(members):
        found = records.scores[number, epoch, : len(member.test)].numpy()
        rank = spearman(found, run.data["scores"][member.test])
        loop.log(
            seed=member.seed,
            loss_regression=float(records.losses[number, epoch, 0]),
            loss_classification=float(records.losses[number, epoch, 1]),
            **({"test_srcc": rank} if np.isfinite(rank) else {}),
        )
