"""Cost of gradient descent on deep factorizations: a batch against a loop over runs, and growth with size and depth.

Both ways do the same numerical work in the same process; the loop is the update as one would write it for a single run
(five lines of PyTorch). Run: `OMP_NUM_THREADS=1 python benchmarks/dmf_spe.py`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from tenfold.papers.dmf_spe import hessian
from tenfold.papers.dmf_spe.model import gradient
from tenfold.papers.dmf_spe.optimisers import GradientDescent

REPEATS = 5
SECONDS = 0.4


def problem(runs: int, size: int, depth: int) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    factors = [0.1 * torch.randn(runs, size, size, dtype=torch.float64, generator=generator) for _ in range(depth)]
    target = torch.randn(runs, size, size, dtype=torch.float64, generator=generator) / size
    return factors, target, torch.full((runs,), 1e-3, dtype=torch.float64)


def batched(runs: int, size: int, depth: int) -> Callable[[int], None]:
    return GradientDescent(*problem(runs, size, depth)).advance


def looped(runs: int, size: int, depth: int) -> Callable[[int], None]:
    factors, target, rates = problem(runs, size, depth)
    single = [[factor[run].clone() for factor in factors] for run in range(runs)]

    def advance(steps: int) -> None:
        for run, own in enumerate(single):
            for _ in range(steps):
                for factor, slope in zip(own, gradient(own, target[run]), strict=True):
                    factor -= rates[run] * slope

    return advance


def microseconds(advance: Callable[[int], None]) -> float:
    """Median time of one step of all runs, after a warm-up."""
    advance(5)
    start = time.perf_counter()
    advance(5)
    steps = max(5, int(SECONDS / REPEATS * 5 / (time.perf_counter() - start)))
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        advance(steps)
        times.append((time.perf_counter() - start) / steps)
    return 1e6 * statistics.median(times)


def main() -> None:
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s), float64; microseconds per step and run")
    print(f"{'size':>5} {'depth':>5} {'runs':>5} {'batched':>9} {'loop':>9} {'ratio':>6} {'GFlop/s':>8}")
    grid = [(10, 3, runs) for runs in (3, 15, 60)]
    grid += [(30, depth, 15) for depth in (2, 3, 4)] + [(30, 3, runs) for runs in (1, 3)]
    grid += [(60, 3, 15), (100, 2, 5), (100, 3, 5), (100, 4, 5)]
    for size, depth, runs in grid:
        fast, slow = (microseconds(make(runs, size, depth)) / runs for make in (batched, looped))
        rate = 3 * (depth - 1) * 2 * size**3 / fast / 1e3
        print(f"{size:5} {depth:5} {runs:5} {fast:9.2f} {slow:9.2f} {slow / fast:6.1f} {rate:8.1f}")
    factors, target, _ = problem(1, 30, 3)
    own = [factor[0] for factor in factors]
    hessian.smallest_eigenvalue(own, target[0], torch.Generator().manual_seed(0))  # imports SciPy's solver
    start = time.perf_counter()
    hessian.smallest_eigenvalue(own, target[0], torch.Generator().manual_seed(0))
    print(
        f"smallest Hessian eigenvalue, 30 x 30, depth 3 (2700 parameters): {1e3 * (time.perf_counter() - start):.0f} ms"
    )


if __name__ == "__main__":
    main()
