"""Evaluate stage: AUC and average precision of scores, and shares of what is right."""

from __future__ import annotations

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.metrics.binary import average_precision, roc_auc
from tenfold.training.finished import FinishedRun

SHARES = {"correct": "accuracy", "different": "distinct_pairs"}
"""Kind of outcome -> the metric that is its share."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Measurements of every seed and split of a run, from its predictions `<seed>/<split>/<what>`."""
    found = []
    for name, array in sorted(run.predictions.items()):
        seed, split, what = name.split("/") if name.count("/") == 2 else ("", "", "")
        if what in SHARES:
            found.append(Measurement(int(seed), SHARES[what], float(np.mean(array)), split))
        elif what == "scores":
            positive = run.predictions[f"{seed}/{split}/positive"]
            found.append(Measurement(int(seed), "auc", roc_auc(array, positive), split))
            found.append(Measurement(int(seed), "ap", average_precision(array, positive), split))
    return found
