"""Cost of DLH: a training step beside an RSSM and CW-VAE of the same size, against length and levels, and of futures.

CPU seconds, medians of several rounds, models with random weights. Steps on one thread; futures on as many as PyTorch
is given (`OMP_NUM_THREADS`), in seconds on the clock. Run: `OMP_NUM_THREADS=2 python -m benchmarks.dlh`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from tenfold.papers.dlh.models.base import Frame, VideoModel
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.schedule import point
from tenfold.papers.dlh.settings import Train

BALL = Frame(16, 16, 3)
BATCH, ROUNDS = 32, 15
LENGTHS = (20, 40, 80)
COUNTS = (1, 2, 3, 4, 5)
FUTURES, HORIZON, SEQUENCES, CONTEXT = 100, 80, 48, 16


def model_of(frame: Frame = BALL, **settings: object) -> tuple[VideoModel, Train]:
    torch.manual_seed(0)
    chosen = Train.model_validate(settings)
    return build(chosen, frame), chosen


def step_milliseconds(length: int = 20, **settings: object) -> float:
    """One update without the making of the videos: loss, gradients, Adam."""
    model, chosen = model_of(**settings)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    generator = torch.Generator().manual_seed(0)
    video, at = torch.rand(BATCH, length, *BALL), point(chosen.training, 1)

    def step() -> None:
        loss = model.loss(video, at, generator)["loss"]
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return 1e3 * median_seconds(step, time.process_time)


def median_seconds(run: Callable[[], object], clock: Callable[[], float], rounds: int = ROUNDS) -> float:
    for _ in range(2):
        run()
    taken = []
    for _ in range(rounds):
        start = clock()
        run()
        taken.append(clock() - start)
    return statistics.median(taken)


def future_seconds(frame: Frame, **settings: object) -> float:
    """All futures of all sequences, in pieces of four sequences, which is about what fits a small memory."""
    model, _ = model_of(frame, **settings)
    generator = torch.Generator().manual_seed(0)
    context = torch.rand(SEQUENCES, CONTEXT, *frame)
    start = time.perf_counter()
    for piece in context.split(4):
        model.predict(piece, HORIZON, FUTURES, generator)
    return time.perf_counter() - start


def main() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    steps = {name: step_milliseconds(model=name) for name in ("rssm", "dlh", "cwvae")}
    print(f"one update, batch {BATCH}, 20 frames of 16 x 16 x 3, CPU milliseconds on one thread:")
    for name, taken in steps.items():
        print(f"  {name:6} {taken:6.1f}   {taken / steps['rssm']:.2f} of the RSSM")
    print("DLH against the frames of a sequence (N = 2):")
    for length in LENGTHS:
        taken = step_milliseconds(length)
        print(f"  {length:3} frames {taken:6.1f} ms, {taken / length:.2f} a frame")
    print("DLH against N (20 frames):")
    for count in COUNTS:
        print(f"  N = {count}  {step_milliseconds(levels={'count': count}):6.1f} ms")
    torch.set_num_threads(threads)
    print(f"{FUTURES} futures x {HORIZON} frames x {SEQUENCES} sequences, seconds on the clock, {threads} threads:")
    sizes = {"stochastic": [16, 8], "features": 128}
    for name, frame, images in (
        ("16 x 16 x 3, dense", BALL, {}),
        ("32 x 32 x 3, dense", Frame(32, 32, 3), {}),
        ("32 x 32 x 1, convolutions", Frame(32, 32, 1), {"channels": [32, 64, 128]}),
    ):
        print(f"  {name}: {future_seconds(frame, images=images, levels=sizes):.1f}")


if __name__ == "__main__":
    main()
