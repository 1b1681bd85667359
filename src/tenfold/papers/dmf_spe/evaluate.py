"""Evaluation: counters, plateaus, curvature and laws from recorded runs; errors of the theory at critical points.

The column `split` names the run inside its job (`split_by` of the settings). The split `all` holds the largest value
over all runs of the seed, for the metrics that measure how far something is from what it should be.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.papers.dmf_spe.recorded import RecordedRun, recorded_runs
from tenfold.papers.dmf_spe.settings import Train
from tenfold.papers.dmf_spe.stages import Stages, gap_ratio
from tenfold.training.finished import FinishedRun

WORST = (
    "escape_count_error", "peak_count_error", "plateau_rank_error", "plateau_loss_error", "plateau_distance",
    "final_loss", "final_gradient", "final_negative_curvature", "flow_time_error", "recursion_error",
)  # fmt: skip
"""Metrics whose largest value over a seed's runs is reported as split `all`."""
ALL = "all"


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Every metric of one job."""
    settings = Train.model_validate(run.settings)
    if settings.study == "critical-points":
        return list(_critical_points(run.predictions))
    if settings.study == "baseline":
        errors = run.predictions["relative_error"]
        return [
            Measurement(int(seed), "relative_error", float(error))
            for seed, error in zip(run.predictions["seed"], errors, strict=True)
        ]
    return list(_trajectories(run.predictions, settings))


# ------------------------------------------------------------------------------------------ trajectories


def _trajectories(predictions: Mapping[str, np.ndarray], settings: Train) -> Iterator[Measurement]:
    worst: dict[tuple[int, str], float] = defaultdict(lambda: -math.inf)
    times: dict[tuple[int, int], list[tuple[RecordedRun, np.ndarray]]] = defaultdict(list)
    for run in recorded_runs(predictions):
        stages = run.stages(settings.counting)
        times[run.seed, run.depth].append((run, stages.times))
        split = run.split(settings.split_by)
        for metric, value in _measured(run, stages, settings).items():
            yield Measurement(run.seed, metric, value, split)
            if metric in WORST:
                worst[run.seed, metric] = max(worst[run.seed, metric], value)
    if settings.learning_rate_unit == "critical":  # beyond the stability limit runs are not expected to converge
        for (seed, depth), cells in times.items():
            yield Measurement(seed, "rate_slope_error", _rate_slope_error(cells), f"L{depth}")
    else:
        for (seed, metric), value in worst.items():
            yield Measurement(seed, metric, value, ALL)


def _measured(run: RecordedRun, stages: Stages, settings: Train) -> dict[str, float]:
    """Metrics of one run."""
    curves = run.curves
    values = {
        "escapes": float(stages.escapes),
        "peaks": float(len(stages.peaks)),
        "escape_count_error": float(abs(stages.escapes - run.rank)),
        "peak_count_error": float(abs(len(stages.peaks) - run.rank)),
        "steps": float(run.steps[-1]),
        "final_loss": float(curves["loss"][-1]),
        "final_gradient": float(curves["gradient_norm"][-1]),
    }
    if "relative_error" in curves:
        values["relative_error"] = float(curves["relative_error"][-1])
        values["best_relative_error"] = float(curves["relative_error"].min())
    values |= {f"escape_step_{i}": float(time) for i, time in enumerate(stages.times, start=1) if math.isfinite(time)}
    if len(stages.plateaus):
        values["plateau_loss_error"] = float(stages.plateau_errors.max())
        values["plateau_rank_error"] = float(np.abs(stages.plateau_ranks - stages.plateau_escapes).max())
        if "distance_to_best" in curves:
            values["plateau_distance"] = float(curves["distance_to_best"][stages.plateaus].max())
    if math.isfinite(ratio := gap_ratio(stages.times)):
        values["gap_ratio"] = ratio
    values |= _curvature(run, settings)
    values |= _laws(run, stages, settings)
    return values


def _curvature(run: RecordedRun, settings: Train) -> dict[str, float]:
    """Second-order measurements, in units of sigma_R; the start, plateaus and end are numbered 0 .. R."""
    if run.spectra is None:
        if math.isnan(run.smallest_eigenvalue):
            return {}
        return {"final_negative_curvature": -run.smallest_eigenvalue / run.sigma[-1]}
    values = {"final_negative_curvature": float(-run.spectra[run.rank, 0] / run.sigma[-1])}
    for place, eigenvalues in enumerate(run.spectra[: run.rank + 1]):
        if np.isfinite(eigenvalues).all():
            values[f"smallest_eigenvalue_{place}"] = float(eigenvalues[0])
            values[f"negative_eigenvalues_{place}"] = float((eigenvalues < -settings.curvature.negative).sum())
    return values


def _laws(run: RecordedRun, stages: Stages, settings: Train) -> dict[str, float]:
    """Escape times against gradient flow; for aligned gradient descent also the exact recursion."""
    if settings.optimiser != "gd" or not np.isfinite(stages.times).all():
        return {}
    predicted = run.predicted_steps(settings.counting.escape_share)
    if (predicted <= 0).any():
        return {}
    ratio = stages.times / predicted
    values = {"flow_time_ratio": float(ratio.mean())}
    if run.init == "aligned":
        values["flow_time_error"] = float(np.abs(ratio - 1).max())
        difference = run.curves["singular_values"][:, : run.rank] - np.sort(run.recursion())[:, ::-1]
        values["recursion_error"] = float(np.abs(difference).max())
    return values


def _rate_slope_error(cells: list[tuple[RecordedRun, np.ndarray]]) -> float:
    """Largest `|slope + 1|`, over the modes, of log T_i over log learning rate at the rates below the stability limit.

    NaN with fewer than two such rates.
    """
    below = [(run.step_size, times) for run, times in cells if run.rate < 1]
    if len(below) < 2:
        return math.nan
    rates, times = np.log([rate for rate, _ in below]), np.log([found for _, found in below])
    slopes = np.polyfit(rates, times, 1)[0]
    return float(np.abs(slopes + 1).max())


# --------------------------------------------------------------------------------------- critical points


def _critical_points(rows: Mapping[str, np.ndarray]) -> Iterator[Measurement]:
    """For each seed and depth, the largest error of the theory over all critical points."""
    top = np.array(["01" not in str(learned) for learned in rows["learned"]])  # the largest triples come first
    near_error = np.abs(rows["near_smallest"] / rows["near_predicted"] - 1)
    for seed, depth in dict.fromkeys(zip(rows["seed"].tolist(), rows["depth"].tolist(), strict=True)):
        own = (rows["seed"] == seed) & (rows["depth"] == depth)
        near = (rows["near_seed"] == seed) & (rows["near_depth"] == depth)
        largest = {
            "critical_gradient": rows["gradient_norm"][own],
            "index_error": np.abs(rows["index"] - rows["predicted_index"])[own],
            "eigenvalue_error": np.abs(rows["smallest"] - rows["predicted_smallest"])[own],
            "top_saddle_index": rows["index"][own & top],
            "near_saddle_error": near_error[near],
        }
        for metric, values in largest.items():
            yield Measurement(seed, metric, float(values.max()), f"L{depth}")
