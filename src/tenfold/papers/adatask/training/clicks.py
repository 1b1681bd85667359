"""Training on tables of contacts: two binary labels, selection of epoch and learning rate by validation AUC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tenfold.papers.adatask.networks.recommender import SharedBottom
from tenfold.papers.adatask.problems.contacts import TEST, TRAIN, VALIDATION
from tenfold.papers.adatask.settings import ClickTraining, Train
from tenfold.papers.adatask.training.scores import click_metrics
from tenfold.papers.adatask.training.step import TaskStep
from tenfold.training.run import Run

TASKS = 2
SCORING_BATCH = 20_000


@dataclass(frozen=True)
class Table:
    """`codes` (N, F), `bag` (N, G) and `labels` (N, 2) of one split."""

    codes: Tensor
    bag: Tensor
    labels: Tensor

    @classmethod
    def of(cls, run: Run, split: int) -> Table:
        """One split of a run's data, on its device."""
        rows = run.data["split"] == split
        return cls(
            torch.as_tensor(run.data["codes"][rows], device=run.device).long(),
            torch.as_tensor(run.data["bag"][rows], device=run.device).float(),
            torch.as_tensor(run.data["labels"][rows], device=run.device).float(),
        )

    def __len__(self) -> int:
        return len(self.labels)


class Best:
    """The epoch with the best validation AUC so far: that AUC, and the test scores then. And rAU on the way."""

    def __init__(self, rows: int) -> None:
        self.validation, self.epoch = -1.0, 0
        self.scores = torch.zeros(rows, TASKS)
        self.trace: list[Tensor] = []
        self.trace_steps: list[int] = []

    def state_dict(self) -> dict:
        return {**self.__dict__, "trace": list(self.trace), "trace_steps": list(self.trace_steps)}

    def load_state_dict(self, state: dict) -> None:
        self.__dict__.update(state)


def train_clicks(run: Run, settings: Train, clicks: ClickTraining) -> None:
    """Train every seed with every learning rate and keep the rate with the best validation AUC.

    Predictions, under `<seed>/`: `scores` (test rows, 2) logits, `rate`, `validation` (its AUC), `rates` and `tried`
    (all rates and their AUC), the monitor's summary, and `base` (2,), the test AUC of the single-task models.
    """
    tables = [Table.of(run, split) for split in (TRAIN, VALIDATION, TEST)]
    test_labels = tables[TEST].labels.cpu().numpy()
    predictions: dict[str, np.ndarray] = {}
    rates = settings.learning_rates[settings.optimizer]
    for seed in run.seeds:
        if settings.balance.method == "single":
            chosen = [
                _best_rate([_train_one(run, settings, clicks, tables, seed, rate, task) for rate in rates])
                for task in range(TASKS)
            ]
            found = {
                "scores": np.stack([chosen[task]["scores"][:, task] for task in range(TASKS)], 1),
                "rate": chosen[0]["rate"],
                "validation": np.mean([one["validation"] for one in chosen]),
            }
        else:
            tried = [_train_one(run, settings, clicks, tables, seed, rate, None) for rate in rates]
            found = dict(_best_rate(tried))
            found |= {"rates": np.array(rates), "tried": np.array([float(one["validation"]) for one in tried])}
        if run.job.after is not None:
            found["base"] = np.array(click_metrics(run.after.predictions[f"{seed}/scores"], test_labels))
        predictions |= {f"{seed}/{name}": value for name, value in found.items()}
    run.save_predictions(predictions)


def _best_rate(tried: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return max(tried, key=lambda one: float(one["validation"]))


def _train_one(
    run: Run, settings: Train, clicks: ClickTraining, tables: list[Table], seed: int, rate: float, only: int | None
) -> dict[str, np.ndarray]:
    train, validation, test = tables
    with run.seeded(seed, "model"):
        model = SharedBottom(
            run.data["sizes"].tolist(), train.bag.shape[1], clicks.embedding, clicks.bottom, clicks.tower
        ).to(run.device)
    step = TaskStep(
        model,
        model.shared_names(),
        settings,
        tasks=TASKS,
        lr=rate,
        generator=run.generator(seed, "balancing"),
        only=only,
        watched=model.watched(),
        last_layer=model.last_shared,
    )
    best = Best(len(test))
    batches = -(-len(train) // clicks.batch_size)
    every = max(1, batches * clicks.epochs // settings.monitoring.points)
    name = f"seed-{seed}-rate-{rate:g}" + ("" if only is None else f"-task-{only}")
    loop = run.loop(name, clicks.epochs, {"model": model, "best": best, **step.state}, seed=seed)
    for epoch in loop:
        order = torch.randperm(len(train), generator=run.generator(seed, "order", epoch)).to(run.device)
        sums = torch.zeros(TASKS)
        for number, places in enumerate(order.split(clicks.batch_size)):
            logits, embedded = model(train.codes[places], train.bag[places])
            entropies = functional.binary_cross_entropy_with_logits(logits, train.labels[places], reduction="none")
            losses = list(entropies.mean(0))
            sums += torch.stack([loss.detach() for loss in losses]).cpu()
            if clicks.embedding_decay:  # half of the penalty for each task, so that their sum has it once
                penalty = clicks.embedding_decay * embedded.square().sum(1).mean() / TASKS
                losses = [loss + penalty for loss in losses]
            step.take(losses)
            done = (epoch - 1) * batches + number + 1
            if step.monitor is not None and done % every == 0:
                best.trace_steps.append(done)
                best.trace.append(torch.as_tensor(step.monitor.means()))
        step.balancer.end_epoch()
        aucs = click_metrics(scored(model, validation), validation.labels.cpu().numpy())
        selected = float(np.mean(aucs) if only is None else aucs[only])
        if selected > best.validation:
            best.validation, best.epoch = selected, epoch
            best.scores = torch.as_tensor(scored(model, test))
        loop.log(
            seed=seed,
            rate=rate,
            loss_first=float(sums[0]) / batches,
            loss_second=float(sums[1]) / batches,
            validation_auc_first=aucs[0],
            validation_auc_second=aucs[1],
        )
        if clicks.patience is not None and epoch - best.epoch >= clicks.patience:
            loop.stop()
    found = {
        "scores": best.scores.numpy(),
        "rate": np.array(rate),
        "validation": np.array(best.validation),
        **step.record(),
    }
    if step.monitor is not None:
        found |= {
            "names": np.array(step.monitor.names),
            "trace": torch.stack(best.trace).numpy(),
            "trace_steps": np.array(best.trace_steps),
        }
    return found


@torch.no_grad()
def scored(model: SharedBottom, rows: Table) -> np.ndarray:
    """Logits (N, 2)."""
    parts = torch.arange(len(rows), device=rows.labels.device).split(SCORING_BATCH)
    return torch.cat([model(rows.codes[part], rows.bag[part])[0] for part in parts]).cpu().numpy()
