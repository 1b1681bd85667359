"""How fast TiCoSeRec is, in CPU seconds of one core: operators, training, evaluation.

    OMP_NUM_THREADS=1 python -m benchmarks.ticoserec [prepared data.npz] [--dimension 128] [--length 50] [--batches 4]

Without a file it measures generated sequences with the number of users, items and events of Amazon Beauty. Training is
compared with the loop of `ticoserec_padded_loop`, which works as the published code does and minimises the same loss:
both train on the same batches, in turns, and an epoch is extrapolated from these.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from benchmarks.ticoserec_padded_loop import OneByOne, PaddedLoop

from tenfold.files import read_arrays
from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.fitting import Fit
from tenfold.papers.ticoserec.methods.cooccurrence import cooccurrence_ranks
from tenfold.papers.ticoserec.methods.sasrec import new_fit, next_item
from tenfold.papers.ticoserec.objectives import NextItemWithContrast
from tenfold.papers.ticoserec.operators import Batch
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Encoder, Operator, Optimization, Train, Views
from tenfold.papers.ticoserec.similarity import Neighbours, itemcf_iuf, most_similar
from tenfold.papers.ticoserec.views import NUMBER, ViewGenerator, train_gaps
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run

ROUNDS = 3
BEAUTY_VIEWS = Views(
    crop=Operator(rate=0.4, at="smallest"),
    reorder=Operator(rate=0.5, at="smallest"),
    mask=Operator(rate=0.7, at="largest"),
    substitute=Operator(rate=0.2, at="smallest"),
)
"""The official recipe for Beauty."""


def seconds(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


def generated(users: int = 22_363, items: int = 12_101) -> Sequences:
    """Lengths as in Amazon Beauty: at least 5, median 6, mean 8.9."""
    rng = np.random.default_rng(0)
    lengths = 5 + (rng.pareto(2.2, users) * 4.5).astype(int).clip(max=200)
    times = Ragged.of_lengths(rng.integers(0, 900, lengths.sum()), lengths)
    order = np.lexsort((times.values, times.rows))
    times = Ragged(times.values[order] * 86_400, times.offsets)
    return Sequences(Ragged.of_lengths(rng.integers(1, items + 1, lengths.sum()), lengths), times, items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--batches", type=int, default=4, help="of the padded loop in each of three rounds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sequences = Sequences.from_arrays(read_arrays(arguments.data)) if arguments.data else generated()
    print(f"{len(sequences)} users, {sequences.item_count} items, {len(sequences.items.values)} events")
    settings = Train(
        algorithm="contrastive",
        encoder=Encoder(dimension=arguments.dimension, max_length=arguments.length),
        optimization=Optimization(weight_decay=1e-6),
        views=BEAUTY_VIEWS,
    )
    neighbours = most_similar(itemcf_iuf(sequences.train_inputs, sequences.item_count), sequences.train_inputs)
    measure_operators(sequences, settings, neighbours)
    with tempfile.TemporaryDirectory() as folder:
        run = benchmark_run(Path(folder))
        measure_training(run, sequences, settings, neighbours, arguments.batches)
        measure_growth(run, sequences, settings)
    took = seconds(lambda: cooccurrence_ranks(sequences, "test", settings.cooccurrence))
    print(f"co-occurrence: {took:.2f} s, counts and ranks of all users")


def measure_operators(sequences: Sequences, settings: Train, neighbours: Neighbours) -> None:
    """Sequences a second, of each operator on all users of at least two inputs, and of whole views."""
    views = ViewGenerator(sequences, settings.views, neighbours, settings.encoder.max_length)
    one_by_one = OneByOne(sequences, settings.views, neighbours, settings.encoder.max_length)
    inputs, gaps, rng = sequences.train_inputs, train_gaps(sequences), np.random.default_rng(0)
    for title, low, high in (("3 to 12", 3, 12), ("13 to 50", 13, 50)):
        users = np.flatnonzero((inputs.lengths >= low) & (inputs.lengths <= high))
        batch = Batch.of(inputs.take(users), gaps.take(users))
        repeats = -(-40_000 // len(users))
        for name in NUMBER:
            many = range(repeats)
            took = seconds(lambda name=name, batch=batch, many=many: [views.apply(name, batch, rng) for _ in many])
            print(f"{name:>12}: {repeats * len(users) / took:12,.0f} sequences of {title} items a second")
    took = seconds(lambda: [views.draw(2, rng) for _ in range(5)])
    print(f"   two views: {10 * len(sequences) / took:12,.0f} views a second, all users")
    some = range(0, len(sequences), 10)
    took = seconds(lambda: [one_by_one.view(one_by_one.items[user][:-1], one_by_one.gaps[user]) for user in some])
    print(f"  one by one: {len(some) / took:12,.0f} views a second, with Python lists")


def measure_training(run: Run, sequences: Sequences, settings: Train, neighbours: Neighbours, batches: int) -> None:
    """TiCoSeRec against the padded loop on the same users, in turns; whole epochs of ours; evaluation."""
    optimization, length = settings.optimization, settings.encoder.max_length
    fit, objective = contrastive_fit(run, sequences, settings)
    padded = PaddedLoop(
        SASRec(sequences.item_count, settings.encoder),
        OneByOne(sequences, settings.views, neighbours, length),
        settings.contrast,
        optimization,
    )
    order = np.random.default_rng(0).permutation(len(sequences))
    in_an_epoch = -(-len(sequences) // optimization.batch_size)
    count = batches * optimization.batch_size
    drawing = seconds(lambda: objective.begin_epoch(1))
    train_on(fit, objective, order[:count])  # warm caches
    times: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        users = order[number * count : (number + 1) * count]
        theirs = seconds(lambda users=users: padded.train(users)) / batches
        ours = seconds(lambda users=users: train_on(fit, objective, users)) / batches
        times.append((theirs * in_an_epoch, ours * in_an_epoch + drawing))
        print(f"       round {number + 1}: padded {times[-1][0]:8.1f} s, ours {times[-1][1]:6.1f} s an epoch")
    theirs, ours = np.median(times, axis=0)
    print(f"   TiCoSeRec: {theirs:.1f} s padded, {ours:.1f} s ours, extrapolated: {theirs / ours:.1f} times faster")
    base = next_item(fit, 0)
    print(f"   TiCoSeRec: {seconds(lambda: fit._epoch(objective, 0, 2)):.2f} s, a whole epoch")
    print(f"      SASRec: {seconds(lambda: fit._epoch(base, 0, 2)):.2f} s, a whole epoch")
    print(f"  evaluation: {seconds(lambda: fit.ranks('test')):.2f} s, all users against all items")


def measure_growth(run: Run, sequences: Sequences, settings: Train) -> None:
    """Cost of an epoch at a quarter, a half and all of the users' interactions, with the same items."""
    shuffled = np.random.default_rng(0).permutation(len(sequences))
    first = 0.0
    for times in (1, 2, 4):
        users = np.sort(shuffled[: len(sequences) * times // 4])
        part = Sequences(sequences.items.take(users), sequences.times.take(users), sequences.item_count)
        fit, objective = contrastive_fit(run, part, settings)
        took = seconds(lambda fit=fit, objective=objective: fit._epoch(objective, 0, 1))
        first = first or took
        print(f"{times:>11}x: {len(part.items.values):,} events, {took:.2f} s an epoch, {took / first:.2f} times")


def contrastive_fit(run: Run, sequences: Sequences, settings: Train) -> tuple[Fit, NextItemWithContrast]:
    neighbours = most_similar(itemcf_iuf(sequences.train_inputs, sequences.item_count), sequences.train_inputs)
    fit = new_fit(run, settings, sequences, seed=0)
    views = ViewGenerator(sequences, settings.views, neighbours, settings.encoder.max_length)
    return fit, NextItemWithContrast(next_item(fit, 0), views, settings.contrast)


def train_on(fit: Fit, objective: NextItemWithContrast, users: Sequence[int] | np.ndarray) -> None:
    """What an epoch does, on some of the users."""
    fit.model.train()
    for start in range(0, len(users), fit.settings.batch_size):
        loss = objective.losses(np.asarray(users[start : start + fit.settings.batch_size]))["loss"]
        fit.optimizer.zero_grad()
        loss.backward()
        fit.optimizer.step()


def benchmark_run(folder: Path) -> Run:
    class BenchmarkJob(Job):
        directory = folder

    job = BenchmarkJob("benchmark", "ticoserec", "beauty", "ticoserec", (0,), {})
    return Run(job, torch.device("cpu"), signature="benchmark", progress=Progress("benchmark", every_seconds=1e9))


if __name__ == "__main__":
    main()
