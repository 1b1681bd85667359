"""The images' part of the train stage: masks before training, stochastic gradient descent under masks, predictions."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.pruning_init.images import masks, scores
from tenfold.papers.pruning_init.images.batches import Images
from tenfold.papers.pruning_init.images.networks import Network, Perceptrons, build
from tenfold.papers.pruning_init.settings import ImageTraining, Train
from tenfold.training.run import Run


@dataclass(frozen=True)
class Group:
    """Members that are trained together: one (seed, keep rate) each."""

    name: str
    seeds: tuple[int, ...]
    keeps: tuple[float, ...]


def groups(network: str, rule: str, seeds: tuple[int, ...], keeps: list[float]) -> Iterator[Group]:
    """All members in the order of training.

    Perceptrons train together, save that iterative pruning needs one keep rate's weights for the next one's mask.
    Convolutional networks train one after the other.
    """
    together = network == "mlp"
    by_seed = [seeds] if together else [(seed,) for seed in seeds]
    by_keep = [tuple(keeps)] if together and rule != "iterative" else [(keep,) for keep in keeps]
    for some in by_seed:
        for rates in by_keep:
            label = f"keep-{rates[0]:g}" if len(rates) == 1 else "all"
            members = [(seed, keep) for seed in some for keep in rates]
            name = label if together else f"{label} seed-{some[0]}"
            yield Group(name, tuple(seed for seed, _ in members), tuple(keep for _, keep in members))


def train_images(run: Run, settings: ImageTraining, common: Train) -> None:
    """Train every member and save its predicted classes: `predicted` (S, keep rates, test images)."""
    trainer = Trainer(run, settings, common)
    found: dict[tuple[int, float], dict[str, np.ndarray]] = {}
    for group in groups(settings.network, common.mask, run.seeds, common.keep):
        for member, outcome in enumerate(trainer.train(group)):
            found[group.seeds[member], group.keeps[member]] = outcome
    names = next(iter(found.values()))
    run.save_predictions(
        {"keep": np.array(common.keep)}
        | {
            name: np.stack([np.stack([found[seed, keep][name] for keep in common.keep]) for seed in run.seeds])
            for name in names
        }
    )


class Trainer:
    """Trains groups of members of one job."""

    def __init__(self, run: Run, settings: ImageTraining, common: Train) -> None:
        self.run, self.settings, self.rule = run, settings, common.mask
        self.train_images = Images(run, "train", settings.input_noise)
        self.test_images = Images(run, "test", settings.input_noise)
        # Masks are chosen in float64, which Apple GPUs do not have.
        self.choosing = torch.device("cpu") if run.device.type == "mps" else run.device
        self.classes = int(max(self.train_images.labels.max(), self.test_images.labels.max())) + 1
        self._trained: dict[tuple[int, ...], Tensor] = {}  # seeds -> trained magnitudes (M, total), -1 where pruned

    def train(self, group: Group) -> list[dict[str, np.ndarray]]:
        """Predictions of each member of the group, after training."""
        model = self._initial(group)
        mask = self._mask(model, group).to(self.run.device)
        shaped = masks.apply(model, mask)
        optimizer = torch.optim.SGD(
            model.parameters(), lr=self.settings.learning_rate, momentum=self.settings.momentum,
            weight_decay=self.settings.weight_decay,
        )  # fmt: skip
        state = {"model": model, "optimizer": optimizer}
        loop = self.run.loop(group.name, self.settings.epochs, state, seed=group.seeds[0])
        for epoch in loop:
            losses = self._epoch(model, optimizer, shaped, group, epoch)
            for seed in dict.fromkeys(group.seeds):
                own = [loss for loss, other in zip(losses.tolist(), group.seeds, strict=True) if other == seed]
                loop.log(seed=seed, epoch=epoch, train_loss=sum(own) / len(own))
        if self.rule == "iterative":
            self._trained[group.seeds] = torch.where(mask, scores.magnitude(model), -1)
        return self._outcomes(model, group, mask)

    # ---------------------------------------------------------------------------------- before training

    def _initial(self, group: Group) -> Network:
        """Initial networks: the same for all keep rates and pruning rules of a seed."""
        by_seed = {}
        for seed in dict.fromkeys(group.seeds):
            with self.run.seeded(seed, "initial weights"):
                by_seed[seed] = build(
                    self.settings.network,
                    self.train_images.shape,
                    self.classes,
                    self.settings.hidden,
                    self.settings.width,
                )
        parts = [by_seed[seed] for seed in group.seeds]
        if isinstance(parts[0], Perceptrons):
            return Perceptrons.stacked([part for part in parts if isinstance(part, Perceptrons)]).to(self.run.device)
        return parts[0].to(self.run.device)

    def _mask(self, model: Network, group: Group) -> Tensor:
        """Mask (M, total) of the members by the method's rule."""
        keep = torch.tensor(group.keeps, dtype=torch.float64, device=self.choosing)
        model = copy.deepcopy(model).to(self.choosing)  # scoring moves the running averages of batch normalization
        match self.rule:
            case "random":
                return masks.random(self._uniform(model, group), keep)
            case "magnitude":
                return masks.highest(scores.magnitude(model), keep)
            case "snip":
                return masks.highest(scores.snip(model, self._loss_on_a_sample(group)), keep)
            case "grasp":
                return masks.highest(
                    scores.grasp(model, self._loss_on_a_sample(group, self.settings.grasp_temperature)), keep
                )
            case "synflow":
                return masks.synflow(model, keep, self.settings.synflow_rounds, self.train_images.shape)
            case "iterative":
                before = self._trained.get(group.seeds)
                return masks.highest(scores.magnitude(model) if before is None else before.to(self.choosing), keep)
        raise ValueError(f"no such rule for images: {self.rule}")

    def _uniform(self, model: Network, group: Group) -> Tensor:
        total = sum(weight.numel() for weight in model.prunable().values()) // model.members
        by_seed = {
            seed: torch.rand(total, generator=self.run.generator(seed, "mask"), dtype=torch.float64)
            for seed in dict.fromkeys(group.seeds)
        }
        return torch.stack([by_seed[seed] for seed in group.seeds]).to(self.choosing)

    def _loss_on_a_sample(self, group: Group, temperature: float = 1.0) -> scores.Loss:
        """Loss on the first images of the seed's own order, with class scores divided by `temperature`."""
        seeds = list(dict.fromkeys(group.seeds))
        batch = next(self.train_images.shuffled(seeds, 0, self.settings.score_images, augment=False))
        images, labels = (part.to(self.choosing) for part in self._for_members(batch, group))
        return lambda model: member_losses(model(images) / temperature, labels).sum()

    # ------------------------------------------------------------------------------------------ training

    def _epoch(
        self, model: Network, optimizer: torch.optim.SGD, shaped: dict[str, Tensor], group: Group, epoch: int
    ) -> Tensor:
        """One pass over the training images; mean loss of each member (M,)."""
        model.train()
        for part in optimizer.param_groups:
            part["lr"] = self.settings.learning_rate * self._pace(epoch)
        weights, total, steps = model.prunable(), torch.zeros(model.members, device=self.run.device), 0
        seeds = list(dict.fromkeys(group.seeds))
        for batch in self.train_images.shuffled(seeds, epoch, self.settings.batch_size, augment=self.settings.augment):
            images, labels = self._for_members(batch, group)
            optimizer.zero_grad()
            losses = member_losses(model(images), labels)
            losses.sum().backward()
            for name, weight in weights.items():
                assert weight.grad is not None
                weight.grad.mul_(shaped[name])  # masked weights start at 0 and never move
            optimizer.step()
            total += losses.detach()
            steps += 1
        return total / steps

    def _pace(self, epoch: int) -> float:
        """Factor on the learning rate in epochs 1, 2, ..."""
        if self.settings.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (epoch - 1) / self.settings.epochs))

    @staticmethod
    def _for_members(batch: tuple[Tensor, Tensor], group: Group) -> tuple[Tensor, Tensor]:
        """Batches of the seeds, (S, B, ...), handed to the members, (M, B, ...)."""
        place = {seed: row for row, seed in enumerate(dict.fromkeys(group.seeds))}
        rows = torch.tensor([place[seed] for seed in group.seeds], device=batch[1].device)
        return batch[0][rows], batch[1][rows]

    # ------------------------------------------------------------------------------------------- results

    @torch.no_grad()
    def _outcomes(self, model: Network, group: Group, mask: Tensor) -> list[dict[str, np.ndarray]]:
        model.eval()
        predicted = {"test": self._predict(model, self.test_images, group)}
        predicted["train"] = self._predict(model, self.train_images, group)
        right = (predicted["train"] == self.train_images.labels).double().mean(1)
        return [
            {
                "predicted": predicted["test"][member].to(torch.uint8).cpu().numpy(),
                "train-accuracy": right[member].cpu().numpy(),
                "kept": mask[member].double().mean().cpu().numpy(),
            }
            for member in range(model.members)
        ]

    def _predict(self, model: Network, images: Images, group: Group) -> Tensor:
        """Predicted classes (M, N)."""
        seeds = list(dict.fromkeys(group.seeds))
        parts = [model(self._for_members(batch, group)[0]).argmax(-1) for batch in images.in_order(seeds)]
        return torch.cat(parts, dim=1)


def member_losses(score: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy (M,) of scores (M, B, classes) against labels (M, B)."""
    members, count, classes = score.shape
    losses = torch.nn.functional.cross_entropy(score.reshape(-1, classes), labels.reshape(-1), reduction="none")
    return losses.view(members, count).mean(1)
