"""Cost of one AdaTask step: against its own lower bound, against the straightforward way, and by the number of tasks.

On the FashionScapes network, in one interleaved run of CPU times:

- `forward`: the forward pass and the losses;
- `one backward`: the same, and one backward pass of the summed loss;
- `Adam`: one step of torch.optim.Adam (foreach) on all parameters;
- `AdaTask`: forward, K backward passes, the step of this suite;
- `cloned`: the straightforward way, as the authors' code does it: zero, backward and clone for each task, one more
  backward pass for the heads, and Adam's moments for each task in a loop over parameters.

Two bounds: K x (one backward) + one Adam step, which repeats the forward pass, and the stricter one that does not.
Run: `OMP_NUM_THREADS=1 python -m benchmarks.adatask`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tenfold.papers.adatask.networks.unet import UNet
from tenfold.papers.adatask.optimizers import Adam, task_gradients

ROUNDS = 9
RATE = 4e-3


class Problem:
    """The network with K heads on one batch of scenes."""

    def __init__(self, tasks: int, batch: int) -> None:
        torch.manual_seed(0)
        self.tasks = tasks
        self.model = UNet()
        self.model.heads = nn.ModuleList(
            nn.Sequential(nn.Conv2d(12, 12, 3, padding=1), nn.Conv2d(12, 1, 1)) for _ in range(tasks)
        )
        self.images, self.targets = torch.randn(batch, 1, 32, 64), torch.rand(tasks, batch, 32, 64)
        named, names = dict(self.model.named_parameters()), self.model.shared_names()
        self.shared = [named[name] for name in names]
        self.specific = [parameter for name, parameter in named.items() if name not in names]

    def losses(self) -> list[Tensor]:
        outputs = self.model(self.images)
        return [(output[:, 0] - target).abs().mean() for output, target in zip(outputs, self.targets, strict=True)]


def forward(problem: Problem) -> Callable[[], None]:
    def run() -> None:
        problem.losses()

    return run


def one_backward(problem: Problem) -> Callable[[], None]:
    def run() -> None:
        problem.model.zero_grad()
        torch.stack(problem.losses()).sum().backward()

    return run


def adam(problem: Problem) -> Callable[[], None]:
    optimizer = torch.optim.Adam(problem.model.parameters(), lr=1e-6, foreach=True)
    one_backward(problem)()
    gradients = [parameter.grad for parameter in problem.model.parameters()]

    def run() -> None:
        for parameter, gradient in zip(problem.model.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()

    return run


def adatask(problem: Problem) -> Callable[[], None]:
    optimizer = Adam([{"params": problem.shared, "tasks": problem.tasks}, {"params": problem.specific}], lr=RATE)

    def run() -> None:
        optimizer.zero_grad()
        optimizer.step(task_gradients(problem.losses(), problem.shared, problem.specific))

    return run


def cloned(problem: Problem) -> Callable[[], None]:
    first = [[torch.zeros_like(parameter) for parameter in problem.shared] for _ in range(problem.tasks)]
    second = [[torch.zeros_like(parameter) for parameter in problem.shared] for _ in range(problem.tasks)]
    heads = torch.optim.Adam(problem.specific, lr=RATE, foreach=False)
    steps = 0

    def run() -> None:
        nonlocal steps
        steps += 1
        losses, kept = problem.losses(), []
        for loss in losses:
            for parameter in problem.shared:
                parameter.grad = None
            loss.backward(retain_graph=True)
            kept.append([parameter.grad.clone() for parameter in problem.shared if parameter.grad is not None])
        heads.zero_grad()
        torch.stack(losses).sum().backward()
        heads.step()
        with torch.no_grad():
            for gradients, ones, twos in zip(kept, first, second, strict=True):
                for parameter, gradient, one, two in zip(problem.shared, gradients, ones, twos, strict=True):
                    one.mul_(0.9).add_(gradient, alpha=0.1)
                    two.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                    denominator = (two / (1 - 0.999**steps)).sqrt_().add_(1e-8)
                    parameter.sub_(RATE * (one / (1 - 0.9**steps)) / denominator)

    return run


WAYS = {"forward": forward, "one backward": one_backward, "Adam": adam, "AdaTask": adatask, "cloned": cloned}


def milliseconds(tasks: int, batch: int) -> dict[str, float]:
    """Median CPU time of each way, measured in turn."""
    runs = {name: way(Problem(tasks, batch)) for name, way in WAYS.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for measured in range(-2, ROUNDS):
        for name, run in runs.items():
            start = time.process_time()
            run()
            if measured >= 0:
                times[name].append(1e3 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s); CPU milliseconds, medians of {ROUNDS}")
    titles = [*WAYS, "to bound", "to strict", "to cloned"]
    print(f"{'K':>2} {'batch':>5}" + "".join(f"{title:>14}" for title in titles))
    for tasks, batch in ((2, 16), (2, 32), (4, 16), (8, 16)):
        found = milliseconds(tasks, batch)
        bound = tasks * found["one backward"] + found["Adam"]
        strict = bound - (tasks - 1) * found["forward"]
        times = "".join(f"{value:14.1f}" for value in found.values())
        ratios = "".join(f"{found['AdaTask'] / other:14.2f}" for other in (bound, strict, found["cloned"]))
        print(f"{tasks:2} {batch:5}{times}{ratios}")


if __name__ == "__main__":
    main()
