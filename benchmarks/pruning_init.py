"""Cost of the theory's grid: one batched computation against one cell after the other, and growth with d, n and m.

Both ways do the same gradient descent in float64 in the same process; the plain one is the loop that the tests take as
their oracle. The batch is trained before and after the loop, so that a change of the machine's load shows. CPU seconds.
Run from the project's folder: `OMP_NUM_THREADS=1 python -m benchmarks.pruning_init`; `--help` lists its parts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from tests.papers.pruning_init import plain

from tenfold.papers.pruning_init.prepare import signal_and_noise
from tenfold.papers.pruning_init.settings import TheoryData, TheoryTraining
from tenfold.papers.pruning_init.theory.dynamics import cheaper_space
from tenfold.papers.pruning_init.theory.grid import Batch, Examples

KEEPS = [1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]
TARGET_SECONDS = 60


class Grid:
    """A grid of the theory: settings, data, initial weights."""

    def __init__(self, settings: TheoryTraining, keeps: list[float], seeds: tuple[int, ...], **data: int) -> None:
        self.settings, self.keeps = settings, keeps
        self.arrays = signal_and_noise(TheoryData(test_noises=1, **data), seeds).arrays
        self.examples = Examples.of(self.arrays, seeds, torch.device("cpu"))
        shape = (len(seeds), *self.arrays["signals"].shape[:1], settings.filters, data["dimension"])
        generator = torch.Generator().manual_seed(0)
        self.initial = torch.randn(shape, generator=generator, dtype=torch.float64) * settings.init_sd
        self.uniform = torch.rand(shape, generator=generator, dtype=torch.float64)
        self.pairs = [(row, keep) for keep in keeps for row in range(len(seeds))]

    def batched(self, space: str) -> tuple[float, np.ndarray, np.ndarray]:
        """CPU seconds of training in one batch, weights (P, K, m, L, d) and steps (P, L)."""
        start = time.process_time()
        settings = self.settings.model_copy(update={"space": space})
        batch = Batch(settings, "random", self.examples, self.pairs, self.initial, self.uniform)
        for moment in range(1, len(batch.steps_at)):
            batch.advance(moment)
            if batch.finished:
                break
        seconds = time.process_time() - start
        return seconds, batch.dynamics.weights(batch.state["position"]).numpy(), batch.state["steps"].numpy()

    def one_by_one(self) -> tuple[float, np.ndarray]:
        """CPU seconds of training cell by cell, and weights (P, K, m, L, d)."""
        start, weights = time.process_time(), []
        for row, keep in self.pairs:
            mask = (self.uniform[row] < keep).numpy()
            labels = self.arrays["labels"][row]
            for noise in self.settings.noise_levels:
                trained, _, _ = plain.train_cell(
                    self.initial[row].numpy(), mask, self.arrays["signals"][labels],
                    noise * self.arrays["noise"][row].astype(float), labels, power=self.settings.power,
                    rate=self.settings.learning_rate, max_steps=self.settings.max_steps,
                    stop_loss=self.settings.stop_loss,
                )  # fmt: skip
                weights.append(trained)
        seconds = time.process_time() - start
        return seconds, np.stack(weights).reshape(len(self.pairs), -1, *weights[0].shape).transpose(0, 2, 3, 1, 4)


def theory_settings(**changed: object) -> TheoryTraining:
    base = {
        "power": 3, "filters": 50, "init_sd": 0.05, "noise_levels": [0.1, 0.2, 0.4, 0.8], "learning_rate": 0.1,
        "max_steps": 6000, "stop_loss": 0.05,
    }  # fmt: skip
    return TheoryTraining.model_validate(base | changed)


def whole_grid(seeds: int) -> None:
    """The theory-aligned grid: 4 noise levels x 7 keep rates x seeds."""
    grid = Grid(theory_settings(), KEEPS, tuple(range(seeds)), dimension=400, examples=20)
    before, weights, steps = grid.batched("span")
    print(f"theory-aligned grid, {steps.size} cells, {steps.sum()} steps of single cells (longest {steps.max()})")
    print(f"  one batch, span of the patches   {before:7.1f} core-seconds (wanted: below {TARGET_SECONDS})", flush=True)
    looped, reference = grid.one_by_one()
    after, *_ = grid.batched("span")
    ratio = looped / ((before + after) / 2)
    print(f"  one cell after the other         {looped:7.1f} core-seconds ({ratio:.1f} times as long)")
    print(f"  one batch once more              {after:7.1f} core-seconds")
    print(f"  largest difference of a weight   {np.abs(weights - reference).max():.1e}", flush=True)


def growth() -> None:
    """Milliseconds of a step of 24 cells as one size grows; no stop rule, so that all ways do the same work."""
    print("milliseconds a step, 24 cells (2 seeds x 3 keep rates x 4 noise levels)")
    print(f"  {'':14}{'span':>9}{'weights':>9}{'plain':>9}   chosen")
    sizes = {"dimension": 400, "examples": 20, "filters": 50}
    for name, values in (
        ("dimension", (100, 400, 1600, 6400)), ("examples", (10, 20, 40, 80, 160)), ("filters", (25, 50, 100, 200)),
    ):  # fmt: skip
        for value in values:
            now = sizes | {name: value}
            steps = 20
            settings = theory_settings(
                filters=now["filters"], max_steps=steps, stop_loss=None, learning_rate=1e-3, records_per_decade=1
            )
            data = {"dimension": now["dimension"], "examples": now["examples"]}
            grid = Grid(settings, [1.0, 0.2, 0.05], (0, 1), **data)
            # The set-up (Gram matrices) is not part of a step: it is taken away with the time of a shorter training.
            short = Grid(settings.model_copy(update={"max_steps": 2}), [1.0, 0.2, 0.05], (0, 1), **data)
            times = [
                1e3 * (grid.batched(space)[0] - short.batched(space)[0]) / (steps - 2) for space in ("span", "weights")
            ]
            looped = 1e3 * (grid.one_by_one()[0] - short.one_by_one()[0]) / (steps - 2)
            chosen = cheaper_space(now["dimension"], 2 + now["examples"], 4)
            print(f"  {name:10}{value:4}{times[0]:9.2f}{times[1]:9.2f}{looped:9.2f}   {chosen}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=["grid", "growth"], default=["grid", "growth"])
    parser.add_argument("--seeds", type=int, default=4, help="seeds of the grid; the target is for 4")
    asked = parser.parse_args()
    if "grid" in asked.parts:
        whole_grid(asked.seeds)
    if "growth" in asked.parts:
        growth()
