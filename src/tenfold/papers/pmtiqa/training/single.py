"""Training one network after the other on crops: fine-tuned backbones, and the hypernetwork."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from tenfold.metrics.correlation import spearman
from tenfold.papers.pmtiqa.backbones.build import with_state
from tenfold.papers.pmtiqa.hyper import HyperNetwork
from tenfold.papers.pmtiqa.model import FineTuned, network
from tenfold.papers.pmtiqa.schedule import rate_exponent, task_losses, task_weights
from tenfold.papers.pmtiqa.settings import Train
from tenfold.papers.pmtiqa.splits import mean_over_crops
from tenfold.papers.pmtiqa.training.crop_sources import CachedCrops, CropSource, PixelCrops
from tenfold.papers.pmtiqa.training.networks import held_out_split, split_of
from tenfold.papers.pmtiqa.training.stacked import Records
from tenfold.papers.pmtiqa.training.taps import channels
from tenfold.training.run import Run

TEST_IMAGES = 16
"""Images of a forward pass in testing."""


@dataclass(frozen=True)
class Task:
    """One network: a seed, the places of the images it trains and is tested on, and its learning rate."""

    seed: int
    training: np.ndarray
    test: np.ndarray
    rate: float


def train_single(run: Run, settings: Train) -> None:
    """Train every seed; predictions as in `networks.train_networks`."""
    tuned = settings.fine_tuning
    source: CropSource = (
        CachedCrops(run.data, run.device) if tuned is None else PixelCrops(run.data, tuned.crops, run.device)
    )
    predictions: dict[str, np.ndarray] = {}
    states: dict[str, dict[str, Tensor]] = {}
    for seed in run.seeds:
        task = with_chosen_rate(
            run, settings, source, Task(seed, *split_of(run, seed), settings.optimisation.learning_rates[0])
        )
        records, model = _trained(run, settings, source, task, f"seed-{seed}")
        predictions[f"{seed}/test"] = task.test
        predictions[f"{seed}/scores"] = records.scores[0].numpy()
        predictions[f"{seed}/losses"] = records.losses[0].numpy()
        predictions[f"{seed}/rate"] = np.array(task.rate)
        states[str(seed)] = {name: value.cpu() for name, value in model.state_dict().items()}
    run.save_predictions(predictions)
    run.save_model(states)


def with_chosen_rate(run: Run, settings: Train, source: CropSource, task: Task) -> Task:
    """The task with the rate whose last epoch ranks held-out training references best; the test images stay unseen."""
    rates = settings.optimisation.learning_rates
    if len(rates) == 1:
        return task
    training, test = held_out_split(run, settings, task.seed, task.training)
    values = []
    for rate in rates:
        candidate = Task(task.seed, training, test, rate)
        records, _ = _trained(run, settings, source, candidate, f"seed-{task.seed}-rate-{rate:g}", log=False)
        values.append(np.nan_to_num(spearman(records.scores[0, -1].numpy(), run.data["scores"][test]), nan=-1.0))
    return replace(task, rate=rates[int(np.argmax(values))])


def built_model(run: Run, settings: Train, seed: int) -> nn.Module:
    """The network of one seed, on the run's device."""
    classes = int(run.data["class_count"])
    backbone = None
    sizes = channels(run.data)
    if settings.fine_tuning is not None:
        backbone = with_state(str(run.data["backbone_name"]), _backbone_state(run.data))
        sizes = list(backbone.channels)
    with run.seeded(seed, "model"):
        head: nn.Module
        if settings.estimator == "hyperiqa":
            head = HyperNetwork(sizes, classes, settings.widths, settings.hyper.reduction)
        else:
            head = network(settings.projection, sizes, settings.widths, classes)
    return (head if backbone is None else FineTuned(backbone, head)).to(run.device)


def _backbone_state(data: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    return {
        name.removeprefix("backbone/"): torch.as_tensor(value)
        for name, value in data.items()
        if name.startswith("backbone/")
    }


def parameter_groups(model: nn.Module, settings: Train, rate: float, epoch: int) -> list[dict]:
    """Adam's groups in an epoch: the backbone's rate and the head's. `rate`: of the first epoch."""
    tuned = settings.fine_tuning
    fallen = rate * 10.0 ** rate_exponent(epoch, settings.optimisation.period)
    if tuned is None or not isinstance(model, FineTuned):
        return [{"params": list(model.parameters()), "lr": fallen}]
    over = tuned.head_factor_until is not None and epoch > tuned.head_factor_until
    return [
        {"params": list(model.backbone.parameters()), "lr": rate if tuned.constant_backbone_rate else fallen},
        {"params": list(model.head.parameters()), "lr": fallen * (1.0 if over else tuned.head_factor)},
    ]


def _trained(
    run: Run, settings: Train, source: CropSource, task: Task, name: str, *, log: bool = True
) -> tuple[Records, nn.Module]:
    optimisation, tuned = settings.optimisation, settings.fine_tuning
    seed, training, test = task.seed, task.training, task.test
    labels, classes = run.data["scores"].astype(np.float32), run.data["classes"]
    model = built_model(run, settings, seed)
    images = tuned.images_a_step if tuned else max(1, optimisation.batch_crops // source.crops)
    records = Records(1, optimisation.epochs, len(test))
    loop = run.loop(name, optimisation.epochs, {"model": model, "records": records}, seed=seed)
    for step in loop:
        epoch = step - 1
        weights = task_weights(
            settings.schedule.name, epoch, optimisation.epochs,
            settings.schedule.regression, settings.schedule.classification,
        )  # fmt: skip
        adam = torch.optim.Adam(
            parameter_groups(model, settings, task.rate, epoch), weight_decay=optimisation.weight_decay
        )
        order = torch.randperm(len(training), generator=run.generator(seed, "order", epoch)).numpy()
        generator = run.numpy_generator(seed, "crops", epoch)
        batches = np.array_split(training[order], max(1, round(len(training) / images)))
        model.train()
        sums = torch.zeros(2, dtype=torch.float64)
        for places in batches:
            quality, logits = model(source.training(places, generator))
            y, c = (torch.as_tensor(part[places], device=run.device) for part in (labels, classes))
            y, c = y.repeat_interleave(source.crops), c.repeat_interleave(source.crops)
            regression, classification = task_losses(quality, logits, y, c, torch.ones_like(y))
            adam.zero_grad()
            (weights[0] * regression + weights[1] * classification).backward()
            adam.step()
            sums += torch.stack([regression, classification]).detach().cpu()
        records.losses[0, epoch] = sums / len(batches)
        records.scores[0, epoch] = torch.as_tensor(tested(model, source, test, seed))
        if not log:
            continue
        rank = spearman(records.scores[0, epoch].numpy(), run.data["scores"][test])
        loop.log(
            seed=seed,
            loss_regression=float(records.losses[0, epoch, 0]),
            loss_classification=float(records.losses[0, epoch, 1]),
            **({"test_srcc": rank} if np.isfinite(rank) else {}),
        )
    return records, model


@torch.no_grad()
def tested(model: nn.Module, source: CropSource, places: np.ndarray, seed: int) -> np.ndarray:
    """Quality (n,) of images: the mean over their crops, in eval mode."""
    model.eval()
    found = []
    for start in range(0, len(places), TEST_IMAGES):
        quality, _ = model(source.testing(places[start : start + TEST_IMAGES], seed))
        found.append(quality.float().cpu().numpy())
    return mean_over_crops(np.concatenate(found), source.crops)
