"""Evaluate stage: learning curves at equal interactions, and what the final scores find.

Splits: `test` series; `unlabelled`, the pool's points without a label of the user; `train`, the whole pool, some of
whose points the end model learnt from. Metrics that end in `_20` are after 20 interactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.metrics.binary import average_precision, roc_auc
from tenfold.papers.leiad import alarms, curves
from tenfold.papers.leiad.labelling.initial import threshold_votes
from tenfold.papers.leiad.measuring import columns_of
from tenfold.papers.leiad.pool import scaled
from tenfold.papers.leiad.pools import labels_of
from tenfold.papers.leiad.settings import Train
from tenfold.training.finished import FinishedRun

MOMENTS = (0, 5, 10, 20, 30, 50, 100)
"""Interactions after which AP and AUC are reported, as far as the budget goes."""
SPLITS = ("train", "unlabelled", "test")
ALARM_RATE = 0.01
DELAY = 7
"""Points within which the AIOps challenge wants a run of one-minute data found."""
ENOUGH = 0.9
"""Share of the fully supervised AP that counts as reached."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Every metric of one job; what is not defined is left out."""
    settings = Train.model_validate(run.settings)
    found = []
    for seed in run.seeds:
        prefix = f"{seed}/"
        arrays = {k.removeprefix(prefix): v for k, v in run.predictions.items() if k.startswith(prefix)}
        labels, offsets = labels_of(run.prepared, seed, "test")
        measured: Iterable[Row]
        if settings.task in ("detector", "represent"):
            pool_labels, _ = labels_of(run.prepared, seed, "train")
            measured = _detector(arrays, pool_labels, labels, settings)
        elif settings.task == "supervised":
            measured = _pair("", "test", arrays["test_scores"], labels)
        else:
            measured = _learning(arrays)
        rows = [*measured, *_alarms(arrays["test_scores"], labels, offsets)]
        found += [Measurement(seed, metric, value, split) for metric, split, value in rows if np.isfinite(value)]
    return found


Row = tuple[str, str, float]
"""Metric, split, value."""


def _pair(ending: str, split: str, scores: np.ndarray, labels: np.ndarray) -> Iterator[Row]:
    yield f"ap{ending}", split, average_precision(scores, labels == 1)
    yield f"auc{ending}", split, roc_auc(scores, labels == 1)


def _detector(
    arrays: Mapping[str, np.ndarray], pool_labels: np.ndarray, test_labels: np.ndarray, settings: Train
) -> Iterator[Row]:
    """A detector learns nothing, so its curve is level and all its points are without labels; also its initial LF."""
    budget = settings.loop.budget or 0
    train = list(_pair("", "train", arrays["train_scores"], pool_labels))
    rows = [
        *train,
        *((m, "unlabelled", v) for m, _, v in train),
        *_pair("", "test", arrays["test_scores"], test_labels),
    ]
    for metric, split, value in rows:
        yield metric, split, value
        yield from ((f"{metric}_{moment}", split, value) for moment in MOMENTS if moment <= budget)
        if metric == "ap":
            yield from ((name, split, value) for name, (first, last) in _stretches(budget).items() if first <= last)
    votes = threshold_votes(scaled(arrays["train_scores"]), settings.loop.initial)
    tp, fp, tn, fn = alarms.counts(votes, pool_labels)
    precision, recall, f1 = alarms.precision_recall(tp, fp, fn)
    yield from (
        (f"vote_{name}", "train", value)
        for name, value in {
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "coverage": (tp + fp + tn + fn) / len(votes),
        }.items()
    )


def _learning(arrays: Mapping[str, np.ndarray]) -> Iterator[Row]:
    """What a learning curve says."""
    table = arrays["curve"]
    budget = int(columns_of(table, "interactions")[-1])
    for split in SPLITS:
        for metric in ("ap", "auc"):
            column = f"{split}_{metric}"
            yield metric, split, float(curves.at(table, column, np.array([budget]))[0])
            for moment in MOMENTS:
                yield f"{metric}_{moment}", split, float(curves.at(table, column, np.array([moment]))[0])
        for name, (first, last) in _stretches(budget).items():
            yield name, split, curves.area(table, f"{split}_ap", first, last)
    yield "to_ceiling", "test", float(curves.reached(table, "test_ap", ENOUGH * float(arrays["ceiling"])))
    label = columns_of(table, "label_ap")
    if np.isfinite(label).any():
        ends = label[np.isfinite(label)]
        yield "label_ap_start", "unlabelled", float(ends[0])
        yield "label_ap_end", "unlabelled", float(ends[-1])
        yield "label_trend", "unlabelled", curves.trend(table, "label_ap")
        yield "majority", "train", float(columns_of(table, "majority")[-1])
    yield "anomalies_labelled", "train", float(columns_of(table, "anomalies")[-1])
    yield "points_labelled", "train", float(columns_of(table, "labelled")[-1])


def _stretches(budget: int) -> dict[str, tuple[int, int]]:
    """Metric -> first and last interaction of a stretch of the curve."""
    early = min(curves.EARLY, budget)
    return {"alc": (1, budget), "alc_early": (1, early), "alc_late": (early + 1, budget)}


def _alarms(scores: np.ndarray, labels: np.ndarray, offsets: np.ndarray) -> Iterator[Row]:
    """Extensions, apart from the paper's protocol: events found, and delay-adjusted F1, at a fixed rate of alarms."""
    found = alarms.raised(scores, ALARM_RATE)
    yield "event_recall", "test", alarms.event_recall(found, labels, offsets)
    tp, fp, _, fn = alarms.counts(alarms.delay_adjusted(found, labels, offsets, DELAY).astype(np.int8), labels)
    yield "delay_f1", "test", alarms.precision_recall(tp, fp, fn)[2]
