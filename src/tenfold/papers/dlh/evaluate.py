"""Evaluate stage: from the scores and events that training saved to metrics.

Splits: `test` for a whole model, `level-<n>` for what is measured of one level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.metrics.events import event_scores, random_event_scores
from tenfold.metrics.video_quality import best_of
from tenfold.papers.dlh.probes import class_accuracy, explained_variance
from tenfold.training.finished import FinishedRun

COLLAPSED = (0.02, 0.6)
"""Update rates of level 2 outside this range count as a collapse of e: (almost) never or (almost) always."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Every metric of one job."""
    found: list[Measurement] = []
    for seed in run.seeds:
        arrays = {
            name.removeprefix(f"{seed}/"): values
            for name, values in run.predictions.items()
            if name.startswith(f"{seed}/")
        }
        found += quality(arrays, seed)
        if "events/changed" in arrays:
            found += levels(arrays, seed)
            if "test/changes" in run.data:
                found += true_events(arrays, run.data, seed)
        if "means/test/1" in arrays:
            found += probed(arrays, run.data, seed)
    return found


def quality(arrays: Mapping[str, np.ndarray], seed: int) -> Iterator[Measurement]:
    """Open-loop SSIM and PSNR: best of K and mean of K; purity of the colours over all futures."""
    for metric in ("ssim", "psnr"):
        scores = arrays[metric].astype(np.float64)  # (K, B, horizon)
        best, mean = best_of(scores).mean(-1), scores.mean((0, 2))
        yield Measurement(seed, metric, float(best.mean()), samples=best)
        yield Measurement(seed, f"{metric}_mean", float(mean.mean()), samples=mean)
    if "palette" in arrays:
        distance = arrays["palette"]
        yield Measurement(seed, "ball_share", float(np.isfinite(distance).mean()))
        if np.isfinite(distance).any():
            yield Measurement(seed, "palette_distance", float(np.nanmean(distance, dtype=np.float64)))
    yield Measurement(seed, "parameters", float(arrays["parameters"]))


def levels(arrays: Mapping[str, np.ndarray], seed: int) -> Iterator[Measurement]:
    """How often levels change, what they cost, and what p(e = 1) is where they change and where they stay (Table 3).

    The first frame, at which every level is made to change, counts in the depth and the cost only.
    """
    changed, seen = arrays["events/changed"], arrays["events/seen"]
    probability = arrays["events/probability"]
    yield Measurement(seed, "depth", float(changed.sum(-1).mean()))
    yield Measurement(seed, "kl", float(arrays["events/divergence"].sum(-1).mean(dtype=np.float64)))
    for n in range(2, changed.shape[-1] + 1):
        split = f"level-{n}"
        own, examined, chance = changed[:, 1:, n - 1], seen[:, 1:, n - 1], probability[:, 1:, n - 1]
        rate = float(own.mean())
        yield Measurement(seed, "update_rate", rate, split)
        if n == 2:
            yield Measurement(seed, "collapsed", float(not COLLAPSED[0] <= rate <= COLLAPSED[1]), split)
        if np.isnan(chance).any():
            continue  # a fixed clock predicts nothing
        if own.any():
            at_changes = float(chance[own].mean(dtype=np.float64))
            yield Measurement(seed, "p_change", at_changes, split)
        if (stays := examined & ~own).any():
            at_rest = float(chance[stays].mean(dtype=np.float64))
            yield Measurement(seed, "p_static", at_rest, split)
        if own.any() and stays.any():
            yield Measurement(seed, "p_difference", at_changes - at_rest, split)


def true_events(arrays: Mapping[str, np.ndarray], data: Mapping[str, np.ndarray], seed: int) -> Iterator[Measurement]:
    """Changes of a level against true changes of colour (claim C4), from the second frame on."""
    changed = arrays["events/changed"][:, 1:]
    happened = data["test/changes"][: len(changed), 1:]
    for n in range(2, changed.shape[-1] + 1):
        split = f"level-{n}"
        found = event_scores(changed[..., n - 1], happened)
        yield Measurement(seed, "event_precision", found.precision, split)
        yield Measurement(seed, "event_recall", found.recall, split)
        yield Measurement(seed, "event_f1", found.f1, split)
        chance = random_event_scores(changed[..., n - 1], happened)
        yield Measurement(seed, "event_f1_random", chance.f1, split)


def probed(arrays: Mapping[str, np.ndarray], data: Mapping[str, np.ndarray], seed: int) -> Iterator[Measurement]:
    """Colour and position of the ball from the posterior means of each level; fitted on validation sequences."""
    count = len(arrays["means/test/1"])
    colours = {"validation": data["validation/colours"], "test": data["test/colours"][:count]}
    positions = {"validation": data["validation/positions"], "test": data["test/positions"][:count]}
    classes = int(max(values.max() for values in colours.values())) + 1
    n = 1
    while f"means/test/{n}" in arrays:
        known, asked = (arrays[f"means/{part}/{n}"] for part in ("validation", "test"))
        flat = known.reshape(-1, known.shape[-1]).astype(np.float64), asked.reshape(-1, asked.shape[-1])
        accuracy = class_accuracy(
            flat[0], colours["validation"].ravel(), flat[1], colours["test"].ravel(), classes
        )  # fmt: skip
        places = positions["validation"].reshape(-1, 2), positions["test"].reshape(-1, 2)
        yield Measurement(seed, "probe_colour", accuracy, f"level-{n}")
        yield Measurement(
            seed, "probe_position", explained_variance(flat[0], places[0], flat[1], places[1]), f"level-{n}"
        )
        n += 1
