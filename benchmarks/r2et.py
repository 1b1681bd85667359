"""Cost of R2ET's attack, training epoch and thickness: batched against plain loops over samples, in one run.

CPU seconds on one thread, medians of several rounds; the plain loops run on a few samples or batches and are scaled up,
which is said. The network is the 64-64 perceptron on 29 features, with random weights: no data is needed.
Run: `OMP_NUM_THREADS=1 python -m benchmarks.r2et`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from tenfold.papers.r2et.fitting import Grid, step
from tenfold.papers.r2et.measuring import Explained, attack, ball_ends, thickness
from tenfold.papers.r2et.networks.perceptron import Perceptron
from tenfold.papers.r2et.networks.stack import Stack, stacked
from tenfold.papers.r2et.settings import Attack, Candidate, Penalty, Thickness, Train
from tenfold.papers.r2et.study import for_models

FEATURES, K, SAMPLES, ROWS, BATCH, ROUNDS = 29, 8, 400, 7000, 128, 5
NETWORK = Perceptron(FEATURES)


def seconds(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    run()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def stack_of(models: int) -> Stack:
    generator = torch.Generator().manual_seed(0)
    return Stack(NETWORK, stacked([NETWORK.initial(generator) for _ in range(models)]))


# ------------------------------------------------------------------------------------------------ plain loops


def saliency_of_one(stack: Stack, x: Tensor, label: Tensor, beta: float | None = None) -> Tensor:
    """I(x) of one sample (n,), with a graph to x."""
    network = stack if beta is None else stack.softened(beta)
    return torch.autograd.grad(network.probabilities(x[None, None])[0, 0, label], x, create_graph=True)[0]


def attack_one_by_one(stack: Stack, samples: Tensor, steps: int = 100, size: float = 5e-3) -> None:
    for sample in samples:
        label = stack.predict(sample[None, None])[0, 0]
        clean = saliency_of_one(stack, sample.clone().requires_grad_(), label).detach().abs()
        order = clean.argsort(descending=True)
        x = sample.clone()
        for _ in range(steps):
            x = x.detach().requires_grad_()
            sizes = saliency_of_one(stack, x, label, 10.0).abs()
            objective = (FEATURES - K) * sizes[order[:K]].sum() - K * sizes[order[K:]].sum()
            direction = -torch.autograd.grad(objective, x)[0]
            ahead = (x + size * direction / direction.norm()).detach()
            if stack.predict(ahead[None, None])[0, 0] != label:
                break
            x = ahead


def r2et_one_by_one(stack: Stack, x: Tensor, labels: Tensor) -> None:
    """One batch of the objective with all pairs and the finite difference, sample after sample."""
    total = torch.zeros(())
    for sample, label in zip(x, labels, strict=True):
        point = sample.clone().requires_grad_()
        logits = stack.logits(point[None, None])[0, 0]
        chosen = logits.argmax()
        gradient = saliency_of_one(stack, point, chosen)
        order = gradient.detach().abs().argsort(descending=True)
        sizes = gradient.abs()[order]
        gap = (sizes[:K, None] - sizes[None, K:]).mean()
        z = gradient.detach().sign()
        further = saliency_of_one(stack, (sample + 1e-2 * z / z.norm()).requires_grad_(), chosen)
        curvature = ((further - gradient) / 1e-2).norm()
        total = total + torch.nn.functional.cross_entropy(logits[None], label[None]) - 0.3 * gap + 0.1 * curvature
    (total / len(x)).backward()


def thickness_one_by_one(at: Explained, ends: Tensor, samples: int, grid: int) -> None:
    for sample in range(samples):
        order = at.sizes[0, sample].argsort(descending=True)
        for end in ends[0, sample]:
            for place in range(grid):
                x = at.x[0, sample] + (place + 0.5) / grid * (end - at.x[0, sample])
                sizes = saliency_of_one(at.stack, x.clone().requires_grad_(), at.classes[0, sample]).abs()
                (sizes[order[:K], None] >= sizes[None, order[K:]]).float().mean()


# ------------------------------------------------------------------------------------------------ measurements


def attacks() -> None:
    stack, x = stack_of(1), torch.rand(1, SAMPLES, FEATURES, generator=torch.Generator().manual_seed(1))
    settings = Attack(every=100)
    batched = seconds(lambda: attack("ranking", Explained.at(stack, x, K), settings, torch.zeros))
    few = 8
    looped = seconds(lambda: attack_one_by_one(stack, x[0, :few]), rounds=1) * SAMPLES / few
    print(f"ERAttack, {SAMPLES} samples x 100 steps: {batched:.3f} s batched")
    print(f"  one by one: {looped:.1f} s ({few} samples, scaled), {looped / batched:.0f} times as long")


def epochs() -> None:
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(1, ROWS, FEATURES, generator=generator)
    labels = (x.sum(-1) > FEATURES / 2).long()
    kinds = {
        "Vanilla": (Candidate(), Penalty()),
        "Est-H": (Candidate(curvature=0.1), Penalty()),
        "R2ET\\H": (Candidate(gap=0.3), Penalty()),
        "R2ET-mm\\H": (Candidate(gap=0.3), Penalty(pairs="worst", worst=3)),
        "R2ET": (Candidate(gap=0.3, curvature=0.1), Penalty()),
        "R2ET-mm": (Candidate(gap=0.3, curvature=0.1), Penalty(pairs="worst", worst=3)),
        "Exact-H": (Candidate(curvature=0.1), Penalty(kind="hessian")),
        "SSR": (Candidate(curvature=0.1), Penalty(kind="eigenvalue")),
        "AT, 1 step": (Candidate(length=0.5), Penalty()),
        "AT, 5 steps": (Candidate(length=0.5), Penalty(attack_steps=5)),
    }
    for models, names in ((1, list(kinds)), (12, ["Vanilla", "R2ET\\H", "R2ET"])):
        found = {}
        for name in names:
            candidate, penalty = kinds[name]
            settings = Train(k=K, candidates=[candidate] * models, penalty=penalty)
            found[name] = seconds(epoch(x, labels, settings, models), rounds=3)
        print(f"An epoch of {ROWS} rows, batches of {BATCH}, models at once: {models} (seconds; Vanilla = 1)")
        for name, value in found.items():
            print(f"  {name:12s} {value:.3f}  {value / found['Vanilla']:.1f}")
    stack = stack_of(1)
    for value in stack.parameters.values():
        value.requires_grad_()
    looped = seconds(lambda: r2et_one_by_one(stack, x[0, :BATCH], labels[0, :BATCH]), rounds=1) * ROWS / BATCH
    print(f"R2ET one by one: {looped:.1f} s an epoch (one batch, scaled)")


def epoch(x: Tensor, labels: Tensor, settings: Train, models: int) -> Callable[[], None]:
    stack, grid = stack_of(models), Grid(settings.candidates, 1, torch.device("cpu"))
    parameters = [value.requires_grad_() for value in stack.parameters.values()]
    optimiser = torch.optim.Adam(parameters, lr=1e-3, fused=True)

    def run() -> None:
        for places in torch.randperm(ROWS).split(BATCH):
            batch, truth = for_models(x[:, places], models), for_models(labels[:, places], models)
            optimiser.zero_grad()
            step(stack, batch, truth, settings, grid).total.sum().backward()
            optimiser.step()

    return run


def paths() -> None:
    stack, settings = stack_of(1), Thickness()
    generator = torch.Generator().manual_seed(3)
    at = Explained.at(stack, torch.rand(1, SAMPLES, FEATURES, generator=generator), K)
    ends = ball_ends(at.x, settings, [generator])
    batched = seconds(lambda: thickness(at, ends, settings.grid))
    few = 4
    looped = seconds(lambda: thickness_one_by_one(at, ends, few, settings.grid), rounds=1) * SAMPLES / few
    count = f"{SAMPLES} samples x {settings.paths} paths x {settings.grid} points"
    print(f"Thickness, {count}: {batched:.3f} s batched")
    print(f"  one by one: {looped:.1f} s ({few} samples, scaled), {looped / batched:.0f} times as long")


if __name__ == "__main__":
    torch.set_num_threads(1)
    attacks()
    paths()
    epochs()
