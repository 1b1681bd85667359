"""Descent on the toy problems: every seed, scale and start or chain is an element of one tensor."""

from __future__ import annotations

import numpy as np
import torch

from tenfold.papers.adatask.dominance import Monitor, relative
from tenfold.papers.adatask.optimizers import OPTIMIZERS
from tenfold.papers.adatask.problems import toys
from tenfold.papers.adatask.settings import ToyTraining, Train
from tenfold.training.checkpoint import State
from tenfold.training.run import Run


def train_toy(run: Run, settings: Train, toy: ToyTraining) -> None:
    """Descend with each of the job's optimizers.

    Predictions, for each optimizer: `<name>/path` (chunks + 1, S, R, ...) points on the way and at the end,
    `<name>/share` (S, R) mean rAU of task 1 at the end, and for Toy-B `<name>/equilibrium` (S, R), the mean over chains
    and the last quarter of the steps. R counts the ratios.
    """
    kept = [int(np.flatnonzero(run.data["seeds"] == seed)[0]) for seed in run.seeds]
    starts = torch.as_tensor(run.data["starts"][kept])  # (S, 5, 2) or (S, chains), float64
    quadratic = starts.ndim == 2
    predictions: dict[str, np.ndarray] = {"ratios": np.array(toy.ratios), "quadratic": np.array(quadratic)}
    for name in toy.optimizers:
        points = starts.unsqueeze(1).repeat(1, len(toy.ratios), *[1] * (starts.ndim - 1))  # (S, R, ...)
        rate = settings.learning_rates[name][0] * settings.rate_factor
        group = {"params": [points], "tasks": 2, "accumulators": settings.accumulators}
        optimizer = OPTIMIZERS[name]([group], lr=rate)
        optimizer.record_updates = True
        monitor = Monitor({"points": 0}, settings.monitoring.decay)
        path = torch.zeros(toy.chunks + 1, *points.shape, dtype=points.dtype)
        path[0] = points
        tail = torch.zeros(points.shape[:2], dtype=points.dtype)  # sum of the last quarter, over chains
        generators = [run.generator(seed, "noise") for seed in run.seeds]
        state: State = {
            "points": points, "optimizer": optimizer, "monitor": monitor, "path": path, "tail": tail,
            **{f"noise {seed}": generator for seed, generator in zip(run.seeds, generators, strict=True)},
        }  # fmt: skip
        marks = np.linspace(0, toy.steps, toy.chunks + 1).astype(int)
        ratios = torch.tensor(toy.ratios, dtype=points.dtype)
        curvature = torch.stack([torch.ones_like(ratios), ratios])  # a = 1, b
        loop = run.loop(name, toy.chunks, state, seed=run.seeds[0])
        for chunk in loop:
            for step in range(marks[chunk - 1], marks[chunk]):
                if toy.halved and step == toy.steps // 2:
                    optimizer.param_groups[0]["lr"] = rate / 2
                if quadratic:
                    # The same noise for every ratio, so that only the ratio differs.
                    drawn = [torch.randn(2, starts.shape[1], generator=one, dtype=points.dtype) for one in generators]
                    noise = torch.stack(drawn, 1).unsqueeze(2)  # (2, S, 1, chains)
                    gradients = toys.quadratic_gradients(points, curvature[:, None, :], noise)
                else:
                    gradients = toys.landscape_gradients(points, ratios[None, :, None])
                optimizer.step([gradients])
                monitor.observe(optimizer.updates, [gradients])
                if quadratic and step >= toy.steps - toy.steps // 4:
                    tail += points.mean(-1)
            path[chunk] = points
            loop.log(optimizer=name, distance=float((points - path[chunk - 1]).abs().mean()))
        predictions[f"{name}/path"] = path.numpy().astype(np.float32) if not quadratic else path.mean(-1).numpy()
        predictions[f"{name}/share"] = _task_share(monitor.updates[0])
        if quadratic:
            predictions[f"{name}/equilibrium"] = (tail / max(toy.steps // 4, 1)).numpy()
    run.save_predictions(predictions)


def _task_share(averages: torch.Tensor) -> np.ndarray:
    """Mean rAU of task 1 over starts or chains, (S, R), from AU (2, S, R, ...)."""
    shape = averages.shape[1:3]
    shares = [[float(relative(averages[:, s, r])[0][0].mean()) for r in range(shape[1])] for s in range(shape[0])]
    return np.array(shares)
