"""The theory's part of the train stage: batches of cells, recorded curves, predictions."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.pruning_init.settings import TheoryTraining, Train
from tenfold.papers.pruning_init.theory.grid import Batch, Examples, batches
from tenfold.papers.pruning_init.theory.masks import TheoryMask
from tenfold.training.run import Run


def train_theory(run: Run, settings: TheoryTraining, common: Train) -> None:
    """Train all cells of the grid and save their outcomes as arrays (S, keep rates, noise levels, ...).

    Seeds share data, initial weights and the uniform numbers behind random masks across keep rates, noise levels and
    mask rules, so every difference between cells is paired.
    """
    device = torch.device("cpu") if run.device.type == "mps" else run.device  # Apple GPUs have no float64
    examples = Examples.of(run.data, run.seeds, device)
    classes, dimension = examples.signals.shape
    shape = (classes, settings.filters, dimension)
    initial = torch.stack([_normal(run, seed, shape) for seed in run.seeds]).to(device) * settings.init_sd
    uniform = torch.stack([_uniform(run, seed, shape) for seed in run.seeds]).to(device)
    # Low keep rates need the most steps: pairs that rest early leave the batch to those that do not.
    pairs = [(row, keep) for keep in common.keep for row in range(len(run.seeds))]
    results: list[dict[str, Tensor]] = []
    curves: list[dict[str, Tensor]] = []
    steps_at: list[int] = []
    for number, chosen in enumerate(batches(len(pairs), settings, dimension, classes, examples.labels.shape[1])):
        rule = cast(TheoryMask, common.mask)
        batch = Batch(settings, rule, examples, [pairs[index] for index in chosen], initial, uniform)
        steps_at = batch.steps_at
        loop = run.loop(f"batch-{number}", len(steps_at) - 1, batch.state)
        for moment in loop:
            batch.advance(moment)
            for row in sorted({row for row, _ in batch.pairs}):
                own = [index for index, (other, _) in enumerate(batch.pairs) if other == row]
                losses = batch.state["train-loss"][moment][own]
                mean = float(losses[losses.isfinite()].mean())  # no number where all diverged: then the run fails
                loop.log(seed=run.seeds[row], iteration=steps_at[moment], train_loss=mean)
            if batch.finished:
                loop.stop()
        results.append(batch.outcome())
        curves.append(batch.curves())
    rows = (len(common.keep), len(run.seeds))
    run.save_predictions(
        {
            "keep": np.array(common.keep),
            "noise": np.array(settings.noise_levels),
            "curve/step": np.array(steps_at),
            **{name: _joined(results, name, rows) for name in results[0]},
            **{f"curve/{name}": _joined(curves, name, rows) for name in curves[0]},
        }
    )


def _normal(run: Run, seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape, generator=run.generator(seed, "initial weights"), dtype=torch.float64)


def _uniform(run: Run, seed: int, shape: tuple[int, ...]) -> Tensor:
    return torch.rand(shape, generator=run.generator(seed, "mask"), dtype=torch.float64)


def _joined(parts: list[dict[str, Tensor]], name: str, rows: tuple[int, int]) -> np.ndarray:
    """Batches one after the other, from (pairs, ...) to (S, keep rates, ...)."""
    joined = torch.cat([part[name] for part in parts]).cpu().numpy()
    return joined.reshape(*rows, *joined.shape[1:]).swapaxes(0, 1)
