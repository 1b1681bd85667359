"""Evaluation: rank and linear correlation with the scores.

The column `split` is `test` for the last epoch (the headline), `best-epoch` for the epoch that is best on the test
images (the protocol of the paper's code: optimistic), the distortion's name for the images of one distortion, and in
the label-unit study `<arm> x <factor>`, or `x <factor>` for the difference of the two arms.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.metrics.correlation import pearson, spearman
from tenfold.papers.pmtiqa.settings import Train
from tenfold.training.finished import FinishedRun

FEWEST = 5
"""Images of a distortion below which its correlation says nothing."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Every metric of one job."""
    settings = Train.model_validate(run.settings)
    if settings.estimator == "histogram":
        counts = run.predictions["counts"]
        return [Measurement(run.seeds[0], "images", float(count), f"class-{c}") for c, count in enumerate(counts)]
    if settings.arms is not None:
        return list(_study(run, settings))
    return list(_correlations(run))


def predictions_on_test(run: FinishedRun, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions (T, n) after each epoch and scores (n,) of the test images of a seed."""
    return run.predictions[f"{seed}/scores"], run.data["scores"][run.predictions[f"{seed}/test"]]


def _correlations(run: FinishedRun) -> Iterator[Measurement]:
    names = run.data["distortion_names"].tolist()
    for seed in run.seeds:
        predicted, scores = predictions_on_test(run, seed)
        last = predicted[-1]
        yield Measurement(seed, "srcc", spearman(last, scores))
        yield Measurement(seed, "plcc", pearson(last, scores))
        ranks = np.array([spearman(one, scores) for one in predicted])
        if np.isfinite(ranks).any():
            best = int(np.nanargmax(ranks))
            yield Measurement(seed, "srcc", float(ranks[best]), "best-epoch")
            yield Measurement(seed, "plcc", pearson(predicted[best], scores), "best-epoch")
        if f"{seed}/rate" in run.predictions:
            yield Measurement(seed, "learning_rate", float(run.predictions[f"{seed}/rate"]), "chosen")
        kinds = run.data["distortions"][run.predictions[f"{seed}/test"]]
        for kind, name in enumerate(names):
            own = kinds == kind
            if len(names) > 1 and own.sum() >= FEWEST:
                yield Measurement(seed, "srcc", spearman(last[own], scores[own]), str(name))


def _study(run: FinishedRun, settings: Train) -> Iterator[Measurement]:
    assert settings.arms is not None
    for seed in run.seeds:
        scores = run.data["scores"][run.predictions[f"{seed}/test"]]
        for factor in settings.label_factors:
            found = {}
            for arm in settings.arms:
                predicted = run.predictions[f"{seed}/{arm}/{factor:g}/scores"][-1]
                found[arm] = spearman(predicted, scores)
                yield Measurement(seed, "srcc", found[arm], f"{arm} x {factor:g}")
                yield Measurement(seed, "plcc", pearson(predicted, scores), f"{arm} x {factor:g}")
            if len(found) == 2:
                yield Measurement(seed, "pmt_gain", found["progressive"] - found["regression-only"], f"x {factor:g}")
