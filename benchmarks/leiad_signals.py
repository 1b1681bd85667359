"""Cost of leiad's detectors, features and representations, in CPU time on one thread.

- `detectors and features` of 100,000 to 800,000 points in series of 2,300, with the authors' numbers of trees, part by
  part; and of single series of growing length, in microseconds a point: flat where the growth is linear.
- `representations` of the same series: the exact masked passes against two plain passes, and against the published way,
  two passes over a window of 401 for every point (measured on a few points, its cost being the same for each).
- `training`: steps of both encoders.

Run: `OMP_NUM_THREADS=1 python -m benchmarks.leiad_signals`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from tenfold.papers.leiad.detectors import (
    decomposition,
    isolation_forest,
    luminol,
    random_cut_forest,
    spectral_residual,
)
from tenfold.papers.leiad.features import statistical_features
from tenfold.papers.leiad.ts2vec.encoder import Encoder
from tenfold.papers.leiad.ts2vec.masking import exact, windowed
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings
from tenfold.papers.leiad.ts2vec.training import Training, standardized

LENGTH = 2300
SIZES = (100_000, 200_000, 400_000, 800_000)
LENGTHS = (575, 1150, 2300, 4600, 9200, 18_400)
SMALL = TS2VecSettings(hidden=16, depth=4, output=32, window=200, steps=60, batch=8)
PUBLISHED = TS2VecSettings()
PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "features": statistical_features,
    "isolation forest": lambda x: isolation_forest.score(x, np.random.default_rng(0), trees=1000),
    "spectral residual": spectral_residual.score,
    "decomposition": decomposition.score,
    "luminol": luminol.score,
    "random cut forest": lambda x: random_cut_forest.score(x, np.random.default_rng(0), trees=100, tree_size=200),
}


def series(length: int, seed: int) -> np.ndarray:
    """A daily wave, a random walk and noise, as a KPI looks."""
    generator = np.random.default_rng(seed)
    walk = generator.standard_normal(length).cumsum() / 50
    return 100 + 10 * np.sin(np.arange(length) * 2 * np.pi / 1440) + walk + generator.standard_normal(length)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def sizes() -> None:
    """All parts on sets of series of growing number."""
    print("detectors and features, CPU seconds\n" + "points".ljust(20) + "".join(f"{size:>10,}" for size in SIZES))
    table = {name: [0.0] * len(SIZES) for name in PARTS}
    for place, size in enumerate(SIZES):
        for number in range(round(size / LENGTH)):
            x = series(LENGTH, number)
            for name, part in PARTS.items():
                table[name][place] += seconds(lambda part=part, x=x: part(x))  # type: ignore[misc]
    for name, row in table.items():
        print(name.ljust(20) + "".join(f"{spent:10.1f}" for spent in row))
    print("all".ljust(20) + "".join(f"{sum(column):10.1f}" for column in zip(*table.values(), strict=True)))


def lengths() -> None:
    """All parts on single series of growing length."""
    print("\nmicroseconds a point\nlength".ljust(41) + "".join(f"{length:>10,}" for length in LENGTHS))
    for name, part in PARTS.items():
        row = []
        for length in LENGTHS:
            x = series(length, 0)
            row.append(min(seconds(lambda part=part, x=x: part(x)) for _ in range(3)))  # type: ignore[misc]
        shown = (f"{1e6 * spent / n:10.1f}" for spent, n in zip(row, LENGTHS, strict=True))
        print(name.ljust(20) + "".join(shown))


def representations(name: str, settings: TS2VecSettings) -> None:
    """Exact against plain and against windowed passes, and the cost of training."""
    torch.manual_seed(0)
    encoder = Encoder(settings).eval()
    for length in (LENGTH, 2 * LENGTH, 4 * LENGTH):
        x = torch.from_numpy(standardized(series(length, 0)))
        masked = min(seconds(lambda x=x: exact(encoder, x)) for _ in range(3))  # type: ignore[misc]
        with torch.no_grad():
            plain = min(seconds(lambda x=x: encoder(x[None])) for _ in range(3))  # type: ignore[misc]
        each = [1e6 * spent / length for spent in (masked, plain)]
        print(f"{name}, {length:,} points: exact {each[0]:.1f} us a point, plain pass {each[1]:.1f}")
    few = torch.from_numpy(standardized(series(64, 0)))
    cut = min(seconds(lambda: windowed(encoder, few, 200)) for _ in range(2)) / 64
    whole = torch.full((64, 401), 0.5)
    with torch.no_grad():
        published = 2 * min(seconds(lambda: encoder(whole)) for _ in range(2)) / 64
    print(f"{name}: windowed {1e6 * cut:.0f} us a point, as published {1e6 * published:.0f}")
    training = Training(encoder, [standardized(series(LENGTH, n)) for n in range(8)], settings, torch.Generator())
    training.step()
    print(f"{name}: training {1e3 * seconds(lambda: [training.step() for _ in range(5)]) / 5:.0f} ms a step")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sizes()
    lengths()
    representations("small encoder", SMALL)
    representations("published encoder", PUBLISHED)
