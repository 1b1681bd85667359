"""Evaluation: metrics of the tasks, Delta_m, and what the monitor says about dominance.

The column `split` is `test` for metrics of the tasks (`depth x 0.1` where a job trains several weights of the depth
loss), the layer for rAU of a layer, `layers` for what is taken over all shared layers, and optimizer, ratio or start
for the toy problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.papers.adatask import metrics
from tenfold.papers.adatask.problems import toys
from tenfold.papers.adatask.settings import ToyTraining, Train
from tenfold.papers.adatask.training.scores import click_metrics, dense_metrics
from tenfold.training.finished import FinishedRun

TASKS = 2
LAYERS = "layers"


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Every metric of one job."""
    settings = Train.model_validate(run.settings)
    if settings.toy is not None:
        return list(_toy(run, settings, settings.toy))
    if settings.dense is not None:
        return list(_dense(run, settings))
    return list(_clicks(run, settings))


# ------------------------------------------------------------------------------------------------- toys


def ratio_label(ratio: float) -> str:
    """`1:10`: how the split names a ratio of curvatures a : b."""
    return f"1:{ratio:g}"


def start_label(start: tuple[float, float]) -> str:
    """`(-8.5, 7.5)`."""
    return f"({start[0]:g}, {start[1]:g})"


def _toy(run: FinishedRun, settings: Train, toy: ToyTraining) -> Iterator[Measurement]:
    for optimizer in toy.optimizers:
        share = run.predictions[f"{optimizer}/share"]
        for place, seed in enumerate(run.seeds):
            if run.predictions["quadratic"]:
                reached = run.predictions[f"{optimizer}/equilibrium"][place]
                for number, ratio in enumerate(toy.ratios):
                    split = f"{optimizer} {ratio_label(ratio)}"
                    yield Measurement(seed, "equilibrium", float(reached[number]), split)
                    expected = 0.0 if settings.accumulators == "task" else toys.quadratic_optimum(1, ratio)
                    yield Measurement(seed, "equilibrium_error", abs(float(reached[number]) - expected), split)
                    yield Measurement(seed, "rau_first", float(share[place, number]), split)
                yield Measurement(seed, "equilibrium_range", float(np.ptp(reached)), optimizer)
            else:
                end = run.predictions[f"{optimizer}/path"][-1, place].astype(float)  # (R, 5, 2)
                for number, scale in enumerate(toy.ratios):
                    yield from _landscape(seed, end[number], f"{optimizer} s={scale:g}")
                    yield Measurement(seed, "rau_first", float(share[place, number]), f"{optimizer} s={scale:g}")
                if len(toy.ratios) > 1:
                    moved = np.linalg.norm(end[0] - end[-1], axis=-1).mean()
                    yield Measurement(seed, "scale_shift", float(moved), optimizer)


def _landscape(seed: int, points: np.ndarray, split: str) -> Iterator[Measurement]:
    import torch

    losses = toys.landscape(torch.as_tensor(points)).numpy()  # (2, 5), unscaled
    gaps = toys.pareto_gap(losses)
    yield Measurement(seed, "pareto_gap", float(gaps.mean()), split)
    for number, start in enumerate(toys.STARTS):
        named = f"{split} from {start_label(start)}"
        yield Measurement(seed, "loss_first", float(losses[0, number]), named)
        yield Measurement(seed, "loss_second", float(losses[1, number]), named)
        yield Measurement(seed, "pareto_gap", float(gaps[number]), named)


# ---------------------------------------------------------------------------------------------- dominance


def _dominance(seed: int, found: Mapping[str, np.ndarray], task: int) -> Iterator[Measurement]:
    """RAU of `task` for each watched tensor, and over the layers (the tensors whose label is one word)."""
    names = found["names"].tolist()
    mean = found["mean"]
    layers = [place for place, name in enumerate(names) if " " not in name]
    for place in layers:
        yield Measurement(seed, "rau", float(mean[place, task]), str(names[place]))
        yield Measurement(seed, "dominated_share", float(found["dominated"][place, task]), str(names[place]))
    shares = mean[layers, task]
    imbalance = np.abs(shares - 1 / mean.shape[1])
    yield Measurement(seed, "rau", float(shares.mean()), LAYERS)
    yield Measurement(seed, "rau_largest", float(shares.max()), LAYERS)
    yield Measurement(seed, "imbalance_largest", float(imbalance.max()), LAYERS)
    yield Measurement(seed, "imbalance_mean", float(abs(shares.mean() - 1 / mean.shape[1])), LAYERS)
    for place in layers:
        yield Measurement(seed, "imbalance", float(abs(mean[place, task] - 1 / mean.shape[1])), str(names[place]))
    depth = metrics.spearman(np.arange(len(layers)), imbalance)
    if np.isfinite(depth):
        yield Measurement(seed, "imbalance_by_depth", depth, LAYERS)
    accumulated = metrics.spearman(found["gradient_mean"][:, task], mean[:, task])
    if np.isfinite(accumulated):
        yield Measurement(seed, "accumulator_correlation", accumulated, LAYERS)


# --------------------------------------------------------------------------------------- dense and clicks


def _dense(run: FinishedRun, settings: Train) -> Iterator[Measurement]:
    assert settings.dense is not None
    weights = settings.dense.depth_weights
    for seed in run.seeds:
        for weight in weights:
            found = part(run.predictions, f"{seed}/{weight:g}")
            split = "test" if len(weights) == 1 else f"depth x {weight:g}"
            values = dense_metrics(found["confusion"], found["depth"], settings.dense.averaged_epochs)
            for metric, value in zip(metrics.DENSE_METRICS, values, strict=True):
                yield Measurement(seed, metric, value, split)
            if f"{seed}/base" in run.predictions:
                base = run.predictions[f"{seed}/base"]
                yield Measurement(seed, "delta_m", metrics.delta_m(values, base, metrics.DENSE_HIGHER), split)
            elif settings.balance.method == "single":
                yield Measurement(seed, "delta_m", 0.0, split)
            if "names" in found and len(weights) == 1:
                yield from _dominance(seed, found, task=1)


def _clicks(run: FinishedRun, settings: Train) -> Iterator[Measurement]:
    labels, split = run.data["labels"], run.data["split"]
    for seed in run.seeds:
        found = part(run.predictions, str(seed))
        own = click_metrics(found["scores"], labels[split == 2])
        yield Measurement(seed, "auc_first", own[0])
        yield Measurement(seed, "auc_second", own[1])
        yield Measurement(seed, "auc_mean", float(np.mean(own)))
        yield Measurement(seed, "learning_rate", float(found["rate"]), "chosen")
        yield Measurement(seed, "auc_mean", float(found["validation"]), "validation")
        if "base" in found:
            yield Measurement(seed, "delta_m", metrics.delta_m(own, found["base"], (True, True)))
        elif settings.balance.method == "single":
            yield Measurement(seed, "delta_m", 0.0)
        if "names" in found:
            yield from _dominance(seed, found, task=1)


def part(predictions: Mapping[str, np.ndarray], key: str) -> dict[str, np.ndarray]:
    """The arrays whose names start with `key/`, under the rest of their names."""
    return {name[len(key) + 1 :]: value for name, value in predictions.items() if name.startswith(f"{key}/")}
