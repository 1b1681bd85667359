"""Train stage: TS2Vec, the interactive loop of every learning method, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenfold.metrics.binary import average_precision
from tenfold.papers.leiad import end_model, simulation
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.pools import SIDES, arrays_of_series, prepared
from tenfold.papers.leiad.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Run one job. Arrays are named `<seed>/...`; see the task's function for what there is of each seed."""
    settings = Train.model_validate(run.settings)
    arrays: dict[str, np.ndarray] = {}
    for seed in run.seeds:
        arrays |= {f"{seed}/{name}": array for name, array in TASKS[settings.task](run, seed, settings).items()}
    run.save_predictions(arrays)


def represent(run: Run, seed: int, settings: Train) -> dict[str, np.ndarray]:
    """What every learning method of the seed starts from.

    - `train/representations`, `test/representations` (N, R) float16; `train_scores`, `test_scores` (N,): TS2Vec's
    - `supervised` (M,) test scores of the end model that has all true labels, and `ceiling`, their AP; not of series
      that are still to be labelled
    """
    from tenfold.papers.leiad.ts2vec.job import learn, represent, score

    arrays = arrays_of_series(run.job.prepared, seed)
    values, offsets = arrays["values"], arrays["offsets"]
    encoder = learn(run, seed, settings.ts2vec, values, offsets, arrays[f"{seed}/train_series"])
    found, pools = {}, []
    for side in SIDES:
        series = arrays[f"{seed}/{side}_series"]
        representations = represent(encoder, values, offsets, series)
        deviation = score(representations)
        found[f"{side}/representations"] = representations.astype(np.float16)
        found[f"{side}_scores"] = deviation.astype(np.float32)
        pools.append(Pool.of_series(arrays, series, representations, deviation))
    pool, test = pools
    if (pool.labels < 0).any() or (test.labels < 0).any():
        return found
    if len(np.unique(pool.labels)) < 2:
        raise ValueError(f"{run.job.name}: the series drawn for seed {seed} hold no anomaly; draw more of them")
    model = end_model.build([pool.inputs, test.inputs], settings.loop.end_model, seed=0)
    model.fit(np.arange(len(pool)), pool.labels)
    scores = model.scores()[1]
    found["supervised"] = scores.astype(np.float32)
    found["ceiling"] = np.array(average_precision(scores, test.labels == 1))
    return found


def supervised(run: Run, seed: int, settings: Train) -> dict[str, np.ndarray]:
    """`test_scores` (M,) of the end model that has all true labels: the ceiling, fitted beside TS2Vec."""
    del settings
    return {"test_scores": run.after.predictions[f"{seed}/supervised"]}


def detector(run: Run, seed: int, settings: Train) -> dict[str, np.ndarray]:
    """`train_scores` (N,) and `test_scores` (M,) of a detector, scaled per series."""
    arrays = prepared(
        run.job.prepared, "offsets", "scores", "detector_names", *(f"{seed}/{side}_series" for side in SIDES)
    )
    names = list(arrays["detector_names"])
    if settings.detector == "mean":
        values = arrays["scores"].mean(1)
    elif settings.detector in names:
        values = arrays["scores"][:, names.index(settings.detector)]
    else:
        raise ValueError(
            f"{run.job.name}: detector {settings.detector!r} was not prepared; there are {', '.join(names)}"
        )
    offsets = arrays["offsets"]
    return {
        f"{side}_scores": np.concatenate([values[offsets[s] : offsets[s + 1]] for s in arrays[f"{seed}/{side}_series"]])
        for side in SIDES
    }


TASKS: dict[str, Callable[[Run, int, Train], dict[str, np.ndarray]]] = {
    "represent": represent,
    "supervised": supervised,
    "detector": detector,
    "loop": simulation.simulate,
    "gold-replay": simulation.replay_gold,
    "votes-replay": simulation.replay_votes,
}
