"""Cost of leiad's loop on generated series, in CPU seconds of one thread.

The loop is run for some iterations with a user who knows the truth. An iteration is label model, end model and query;
the new labelling functions after the answers are timed apart. Detectors, features and TS2Vec are in
benchmarks/leiad_signals.py, the page is in benchmarks/leiad_page.py.
Run: `OMP_NUM_THREADS=1 python -m benchmarks.leiad [points ...]`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

import numpy as np

from tenfold.papers.leiad.detector_settings import DetectorSettings
from tenfold.papers.leiad.detectors import scores
from tenfold.papers.leiad.features import statistical_features
from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.oracles import marked
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.settings import LoopSettings

T = TypeVar("T")
LENGTH = 2000
WIDTH = 32
"""R, the length of a representation."""
SIZES = (50_000, 100_000, 200_000, 400_000, 800_000)
ITERATIONS = 10
SETTINGS = {
    "quick, standard": {
        "generation": {"anchors": 25},
        "end_model": {"leaves": 63, "rounds": 40, "bins": 63},
        "pseudo_labels": {"anomaly_percentage": 4},
    },
    "paper": {},
}


def series(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A seasonal series with noise and a few bumps, and its labels."""
    values = np.sin(np.arange(LENGTH) / generator.uniform(10, 40)) + 0.3 * generator.standard_normal(LENGTH)
    labels = np.zeros(LENGTH, dtype=np.int8)
    for start in generator.integers(0, LENGTH - 30, 3):
        length = int(generator.integers(1, 30))
        values[start : start + length] += generator.choice([-3, 3])
        labels[start : start + length] = 1
    return values, labels


def pool_of(points: int, generator: np.random.Generator) -> Pool:
    """Detectors and features are computed for 50 series and repeated: their cost is measured elsewhere."""
    count = points // LENGTH
    made = [series(generator) for _ in range(min(count, 50))]
    kept = [made[number % len(made)] for number in range(count)]
    settings = DetectorSettings(isolation_trees=25)
    found = [scores(str(number), values, settings) for number, (values, _) in enumerate(made)]
    features = [statistical_features(values).astype(np.float32) for values, _ in made]
    representations = generator.standard_normal((points, WIDTH)).astype(np.float32)
    jitter = 0.01 * generator.standard_normal((points, 75)).astype(np.float32)  # so that no two points are equal
    return Pool(
        names=tuple(map(str, range(count))),
        offsets=np.arange(count + 1, dtype=np.int64) * LENGTH,
        timestamps=np.arange(points),
        values=np.concatenate([values for values, _ in kept]),
        labels=np.concatenate([labels for _, labels in kept]),
        detectors=("iforest", "sr", "stl", "luminol", "rrcf"),
        scores=np.concatenate([found[number % len(made)] for number in range(count)]),
        features=np.concatenate([features[number % len(made)] for number in range(count)]) + jitter,
        representations=representations,
        deviation=generator.random(points).astype(np.float32),
    )


def cpu(run: Callable[[], T]) -> tuple[float, T]:
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def simulate(pool: Pool, settings: LoopSettings) -> str:
    """Times of some iterations, in words."""
    start, interaction = cpu(lambda: Interaction(pool, settings, np.random.default_rng(0)))
    learning, answering = [], []
    for _ in range(ITERATIONS):
        taken, query = cpu(interaction.next_query)
        learning.append(taken)
        while query is not None:
            places = marked(pool.labels, query)
            answering.append(cpu(lambda shown=query, places=places: interaction.answer(shown, places))[0])
            query = interaction.next_query() if interaction.state.listed else None
    return (
        f"start {start:.1f}, iteration {median(learning):.2f} (at most {max(learning):.2f}), "
        f"answer and new functions {median(answering):.2f} (at most {max(answering):.2f})"
    )


def main(sizes: list[int]) -> None:
    for name, settings in SETTINGS.items():
        print(f"{name} settings: CPU s, medians and largest of {ITERATIONS} iterations")
        for points in sizes:
            pool = pool_of(points, np.random.default_rng(0))
            print(f"  {points:>9,} points: {simulate(pool, LoopSettings.model_validate(settings))}", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(SIZES))
