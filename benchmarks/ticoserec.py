"""How fast the parts of TiCoSeRec are, in CPU seconds of one core.

    OMP_NUM_THREADS=1 python benchmarks/ticoserec.py [prepared data.npz] [--dimension 128] [--length 50]

Without a file it measures generated sequences with the number of users, items and events of Amazon Beauty.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tenfold.files import read_arrays
from tenfold.papers.ticoserec.methods.cooccurrence import cooccurrence_ranks
from tenfold.papers.ticoserec.methods.sasrec import new_fit, next_item
from tenfold.papers.ticoserec.objectives import NextItemWithContrast
from tenfold.papers.ticoserec.operators import Batch
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Encoder, Optimization, Train
from tenfold.papers.ticoserec.similarity import itemcf_iuf, most_similar
from tenfold.papers.ticoserec.views import NUMBER, ViewGenerator, train_gaps
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--length", type=int, default=50)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sequences = Sequences.from_arrays(read_arrays(arguments.data)) if arguments.data else generated()
    print(f"{len(sequences)} users, {sequences.item_count} items, {len(sequences.items.values)} events")

    settings = Train(
        algorithm="contrastive",
        encoder=Encoder(dimension=arguments.dimension, max_length=arguments.length),
        optimization=Optimization(),
    )
    inputs = sequences.train_inputs
    neighbours = most_similar(itemcf_iuf(inputs, sequences.item_count), inputs)
    views = ViewGenerator(sequences, settings.views, neighbours, arguments.length)
    rng = np.random.default_rng(0)
    long_enough = np.flatnonzero((inputs.lengths > 12) & (inputs.lengths <= 50))
    batch = Batch.of(inputs.take(long_enough), train_gaps(sequences).take(long_enough))
    for name in NUMBER:
        took = seconds(lambda name=name: [views.apply(name, batch, rng) for _ in range(10)])
        print(f"{name:>12}: {10 * len(long_enough) / took:12,.0f} sequences of 13 to 50 items a second")
    took = seconds(lambda: [views.draw(2, rng) for _ in range(5)])
    print(f"   two views: {10 * len(sequences) / took:12,.0f} views a second, all users")

    with tempfile.TemporaryDirectory() as folder:
        run = benchmark_run(Path(folder))
        fit = new_fit(run, settings, sequences, seed=0)
        base = next_item(fit, 0)
        contrast = NextItemWithContrast(base, views, settings.contrast)
        for title, objective in (("SASRec", base), ("TiCoSeRec", contrast)):
            fit._epoch(objective, 0, 1)  # warm caches
            print(f"{title:>12}: {seconds(lambda objective=objective: fit._epoch(objective, 0, 2)):8.2f} s an epoch")
        print(f"  evaluation: {seconds(lambda: fit.ranks('test')):8.2f} s, all users against all items")
    took = seconds(lambda: cooccurrence_ranks(sequences, "test", settings.cooccurrence))
    print(f"co-occurrence: {took:7.2f} s, counts and ranks of all users")


def benchmark_run(folder: Path) -> Run:
    class BenchmarkJob(Job):
        directory = folder

    job = BenchmarkJob("benchmark", "ticoserec", "beauty", "ticoserec", (0,), {})
    return Run(job, torch.device("cpu"), signature="benchmark", progress=Progress("benchmark", every_seconds=1e9))


if __name__ == "__main__":
    main()
