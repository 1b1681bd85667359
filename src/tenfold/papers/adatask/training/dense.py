"""Training on images: classes and inverse depth of every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tenfold.papers.adatask.networks.build import DenseNetwork, dense_network
from tenfold.papers.adatask.problems.augmentation import augmented
from tenfold.papers.adatask.settings import DenseTraining, Train
from tenfold.papers.adatask.training.scores import dense_metrics
from tenfold.papers.adatask.training.step import TaskStep
from tenfold.training.run import Run

TASKS = 2
CLASSES = 7
SEGMENTATION, DEPTH = 0, 1
TEST_BATCH = 100
IGNORED = -1


@dataclass(frozen=True)
class Images:
    """`images` (N, C, H, W), `classes` (N, H, W) with -1 ignored, `depth` (N, H, W) with 0 not valid."""

    images: Tensor
    classes: Tensor
    depth: Tensor

    @classmethod
    def of(cls, run: Run, part: str) -> Images:
        """The part `train` or `test` of a run's data, on its device."""
        return cls(
            torch.as_tensor(run.data[f"{part}_images"], device=run.device).float(),
            torch.as_tensor(run.data[f"{part}_classes"], device=run.device).long(),
            torch.as_tensor(run.data[f"{part}_depth"], device=run.device).float(),
        )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, places: Tensor) -> Images:
        return Images(self.images[places], self.classes[places], self.depth[places])


def dense_losses(outputs: list[Tensor], batch: Images, depth_weight: float) -> list[Tensor]:
    """Mean negative log-likelihood over labelled pixels, and `depth_weight` times the mean |error| over valid ones."""
    segmentation = functional.cross_entropy(outputs[SEGMENTATION], batch.classes, ignore_index=IGNORED)
    valid = batch.depth != 0
    error = (outputs[DEPTH][:, 0] - batch.depth).abs() * valid
    return [segmentation, depth_weight * error.sum() / valid.sum().clamp(min=1)]


class Records:
    """What is written down after each epoch: confusion matrices, sums of depth errors, rAU on the way."""

    def __init__(self, epochs: int) -> None:
        self.confusion = torch.zeros(epochs, CLASSES, CLASSES, dtype=torch.float64)
        self.depth = torch.zeros(epochs, 3, dtype=torch.float64)  # sums of |error| and |error| / depth, valid pixels
        self.trace_steps: list[int] = []
        self.trace: list[Tensor] = []

    def state_dict(self) -> dict:
        return {
            "confusion": self.confusion, "depth": self.depth,
            "trace_steps": list(self.trace_steps), "trace": list(self.trace),
        }  # fmt: skip

    def load_state_dict(self, state: dict) -> None:
        self.confusion, self.depth = state["confusion"], state["depth"]
        self.trace_steps, self.trace = list(state["trace_steps"]), list(state["trace"])


def train_dense(run: Run, settings: Train, dense: DenseTraining) -> None:
    """Train every seed with every depth weight; STL trains one model for each task.

    Predictions, under `<seed>/<depth weight>/`: `confusion` (E, 7, 7) and `depth` (E, 3) of the test images after each
    epoch, the monitor's summary with `names`, `trace` (T, tensors, K) and `trace_steps`; `<seed>/base` (4,), the
    metrics of the run this one starts from, where there is one.
    """
    training, test = Images.of(run, "train"), Images.of(run, "test")
    predictions: dict[str, np.ndarray] = {}
    for seed in run.seeds:
        for weight in dense.depth_weights:
            key = f"{seed}/{weight:g}"
            if settings.balance.method == "single":
                alone = [_train_one(run, settings, dense, training, test, seed, weight, only) for only in range(TASKS)]
                found = {"confusion": alone[SEGMENTATION]["confusion"], "depth": alone[DEPTH]["depth"]}
            else:
                found = _train_one(run, settings, dense, training, test, seed, weight, None)
            predictions |= {f"{key}/{name}": value for name, value in found.items()}
        if run.job.after is not None:
            base = run.after.predictions
            first = next(name for name in base if name.startswith(f"{seed}/") and name.endswith("/confusion"))
            predictions[f"{seed}/base"] = np.array(
                dense_metrics(base[first], base[first.replace("confusion", "depth")], dense.averaged_epochs)
            )
    run.save_predictions(predictions)


def _train_one(
    run: Run,
    settings: Train,
    dense: DenseTraining,
    training: Images,
    test: Images,
    seed: int,
    depth_weight: float,
    only: int | None,
) -> dict[str, np.ndarray]:
    with run.seeded(seed, "model"):
        model = dense_network(dense, training.images.shape[1], CLASSES).to(run.device)
    step = TaskStep(
        model,
        model.shared_names(),
        settings,
        tasks=TASKS,
        lr=settings.learning_rates[settings.optimizer][0],
        generator=run.generator(seed, "balancing"),
        only=only,
        watched=model.watched(),
        last_layer=model.last_shared,
    )
    records = Records(dense.epochs)
    batches = -(-len(training) // dense.batch_size)
    every = max(1, batches * dense.epochs // settings.monitoring.points)
    halved_every = max(1, round(dense.epochs * dense.halve_every))
    name = f"seed-{seed}-depth-{depth_weight:g}" + ("" if only is None else f"-task-{only}")
    loop = run.loop(name, dense.epochs, {"model": model, "records": records, **step.state}, seed=seed)
    for epoch in loop:
        step.scale_rate(0.5 ** ((epoch - 1) // halved_every))
        sums = torch.zeros(TASKS)
        for number, batch in enumerate(_shuffled(run, training, dense, seed, epoch)):
            losses = dense_losses(model(batch.images), batch, depth_weight)
            step.take(losses)
            sums += torch.stack([loss.detach() for loss in losses]).cpu()
            done = (epoch - 1) * batches + number + 1
            if step.monitor is not None and done % every == 0:
                records.trace_steps.append(done)
                records.trace.append(torch.as_tensor(step.monitor.means()))
        step.balancer.end_epoch()
        records.confusion[epoch - 1], records.depth[epoch - 1] = measured(model, test)
        absolute, relative, iou, accuracy = dense_metrics(
            records.confusion[:epoch].numpy(), records.depth[:epoch].numpy(), 1
        )
        loop.log(
            seed=seed,
            loss_segmentation=float(sums[SEGMENTATION]) / batches,
            loss_depth=float(sums[DEPTH]) / batches / depth_weight,
            test_miou=iou,
            test_pix_acc=accuracy,
            test_abs_err=absolute,
            test_rel_err=relative,
        )
    found = {"confusion": records.confusion.numpy(), "depth": records.depth.numpy(), **step.record()}
    if step.monitor is not None:
        found |= {
            "names": np.array(step.monitor.names),
            "trace": torch.stack(records.trace).numpy(),
            "trace_steps": np.array(records.trace_steps),
        }
    return found


def _shuffled(run: Run, images: Images, dense: DenseTraining, seed: int, epoch: int) -> Iterator[Images]:
    """The batches of one epoch, in an order and with changes that depend on seed and epoch only."""
    order = torch.randperm(len(images), generator=run.generator(seed, "order", epoch))
    generator = run.generator(seed, "augmentation", epoch)
    for places in order.split(dense.batch_size):
        batch = images.take(places.to(images.images.device))
        if dense.augment:
            batch = Images(*augmented(batch.images, batch.classes, batch.depth, generator))
        yield batch


@torch.no_grad()
def measured(model: DenseNetwork, test: Images) -> tuple[Tensor, Tensor]:
    """Confusion matrix (7, 7), rows true, and sums (3,) of |error|, |error| / depth and 1 over pixels with depth."""
    model.eval()
    confusion = torch.zeros(CLASSES * CLASSES, dtype=torch.float64, device=test.images.device)
    depth = torch.zeros(3, dtype=torch.float64, device=test.images.device)
    for places in torch.arange(len(test), device=test.images.device).split(TEST_BATCH):
        batch = test.take(places)
        outputs = model(batch.images)
        labelled = batch.classes != IGNORED
        pairs = CLASSES * batch.classes[labelled] + outputs[SEGMENTATION].argmax(1)[labelled]
        confusion += torch.bincount(pairs, minlength=CLASSES * CLASSES)
        valid = batch.depth != 0
        error = (outputs[DEPTH][:, 0] - batch.depth)[valid].abs().double()
        depth += torch.stack([error.sum(), (error / batch.depth[valid]).sum(), valid.sum()])
    model.train()
    return confusion.reshape(CLASSES, CLASSES).cpu(), depth.cpu()
