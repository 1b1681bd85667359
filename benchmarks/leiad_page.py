"""How long a person waits for the next window of leiad's labelling page, on 200,000 points; and what the page costs.

A made-up pool with the shapes of a real one (100 series of 2,000 points, 80 inputs, 32-dimensional representations),
settings of scale quick. The person looks at each window for a while and then submits, or submits at once, which
leaves no time to learn ahead. Wall seconds, so the machine should be quiet; CPU seconds beside them.
Run: `OMP_NUM_THREADS=1 python -m benchmarks.leiad_page`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.page.background import Background
from tenfold.papers.leiad.page.figures import window_figure
from tenfold.papers.leiad.page.labeller import Labeller
from tenfold.papers.leiad.page.session import Session
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.settings import LoopSettings

SERIES, LENGTH, REPRESENTATION = 100, 2000, 32
LOOK_SECONDS = 5.0
WINDOWS = 12
SETTINGS = LoopSettings.model_validate(
    {
        "end_model": {"leaves": 63, "rounds": 40, "bins": 63},
        "generation": {"anchors": 25},
        "pseudo_labels": {"anomaly_percentage": 4},
    }
)


def made_up_pool() -> Pool:
    """Waves with runs of raised points, which detectors, features and representations half see."""
    generator = np.random.default_rng(0)
    points = SERIES * LENGTH
    labels = np.zeros(points, dtype=np.int8)
    for start in generator.choice(points - 30, points // 1000, replace=False):
        labels[start : start + generator.integers(1, 30)] = 1
    seen = labels[:, None]
    return Pool(
        names=tuple(f"series-{number}" for number in range(SERIES)),
        offsets=np.arange(SERIES + 1, dtype=np.int64) * LENGTH,
        timestamps=np.arange(points) * 60,
        values=np.sin(np.arange(points) / 20) + generator.normal(0, 0.1, points) + 3 * labels,
        labels=labels,
        detectors=("isolation-forest", "spectral-residual", "decomposition", "luminol", "random-cut-forest"),
        scores=(0.3 * generator.random((points, 5)) + 0.4 * seen * generator.random((points, 5))).astype(np.float32),
        features=(generator.standard_normal((points, 75)) + seen * generator.random(75)).astype(np.float32),
        representations=(generator.standard_normal((points, REPRESENTATION)) + seen).astype(np.float32),
        deviation=(0.3 * generator.random(points) + 0.4 * labels).astype(np.float32),
    )


def waits(background: Background, pool: Pool, look: float) -> tuple[list[float], float]:
    """Seconds from each answer to the next window, and CPU seconds per window."""
    found, cpu = [], time.process_time()
    for _ in range(WINDOWS):
        view = background.wait(120)
        assert view.query is not None
        assert view.gold is not None
        window = slice(view.query.start, view.query.stop)
        marks = (view.query.start + np.flatnonzero((pool.labels[window] == 1) & (view.gold[window] < 0))).tolist()
        background.mark(view.number, marks)
        time.sleep(look)
        start = time.perf_counter()
        background.submit(view.number, marks)
        background.wait(120)
        found.append(time.perf_counter() - start)
    return found, (time.process_time() - cpu) / WINDOWS


def main() -> None:
    pool = made_up_pool()
    with tempfile.TemporaryDirectory() as folder:
        identity = {"scale": "quick", "seed": 0, "pool": "made up", "settings": "quick"}
        start = time.perf_counter()
        with Session(Path(folder), "benchmark", identity) as session:
            background = Background(
                lambda say: Labeller(lambda: Interaction(pool, SETTINGS, np.random.default_rng(0)), session, say)
            )
            background.wait(300)
            print(f"{len(pool):,} points; the first window after {time.perf_counter() - start:.1f} s")
            for look in (LOOK_SECONDS, 0.0):
                found, cpu = waits(background, pool, look)
                print(
                    f"looking for {look:.0f} s: the next window after {statistics.median(found):.2f} s (median), "
                    f"{max(found):.2f} s (longest of {WINDOWS}); {cpu:.2f} CPU s a window"
                )
            background.stop()
            view = background.view
            assert view.query is not None
            assert view.gold is not None
            start = time.process_time()
            window_figure(pool, view.query, view.gold)
            print(f"the window's figure: {1000 * (time.process_time() - start):.0f} CPU ms")
            start = time.perf_counter()
            session.save_state(background._labeller.loop.to_arrays(), 0)  # type: ignore[union-attr]
            print(f"a saved state: {1000 * (time.perf_counter() - start):.0f} ms")
        start = time.perf_counter()
        with Session(Path(folder), "benchmark", identity) as session:
            Labeller(lambda: Interaction(pool, SETTINGS, np.random.default_rng(0)), session, lambda _: None)
        print(f"the session opened again after {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
