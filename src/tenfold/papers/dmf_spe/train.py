"""Training: descent runs in batches, the study of critical points, and the completion baselines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch

from tenfold.errors import RunFailed
from tenfold.papers.dmf_spe import completion, hessian, oracle, stages
from tenfold.papers.dmf_spe.members import Batch, Member, batch, members, singular_values
from tenfold.papers.dmf_spe.settings import Train
from tenfold.papers.dmf_spe.trajectories import DIVERGED, RUNNING, Trajectories
from tenfold.training.loop import Loop
from tenfold.training.run import Run

LOGGED = 100
"""About how many rows a loop adds to the history for each seed."""
TEXT_WIDTH = 64


def train(run: Run) -> None:
    """Train stage: what `settings.study` names."""
    settings = Train.model_validate(run.settings)
    if settings.study == "trajectories":
        run.save_predictions(_all_depths(run, settings))
    elif settings.study == "critical-points":
        run.save_predictions(_critical_points(run, settings))
    else:
        run.save_predictions(_baseline(run, settings))


# ------------------------------------------------------------------------------------------ trajectories


def _all_depths(run: Run, settings: Train) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for depth in settings.depths:
        found = _descend(run, settings, depth)
        arrays |= {f"L{depth}/{name}": array for name, array in found.items()}
    return arrays


def _descend(run: Run, settings: Train, depth: int) -> dict[str, np.ndarray]:
    """All runs of one depth as one batch.

    Arrays: `step` (T,), records (T, B[, K]) with NaN after a run's end, and what describes the runs, (B,).
    """
    device = torch.device("cpu") if run.device.type == "mps" else run.device  # MPS has no float64
    runs = members(settings, depth, run.data, run.seeds)
    start = batch(runs, run.data, run.generator, device)
    trajectories = Trajectories(start, settings)
    loop = run.loop(f"depth-{depth}", len(trajectories.steps) - 1, {"trajectories": trajectories})
    every = max(1, loop.total // LOGGED)
    for record in loop:
        trajectories.advance()
        _refuse_divergence(trajectories, settings, runs)
        if record % every == 0 or trajectories.done:
            _log(loop, trajectories, runs)
        if trajectories.done:
            loop.stop()

    count = trajectories.recorded
    arrays = {name: values[:count].cpu().numpy() for name, values in trajectories.records.items()}
    arrays["step"] = np.array(trajectories.steps[:count])
    arrays["outcome"] = trajectories.outcome.cpu().numpy()
    arrays |= _description(runs)
    if settings.curvature.final:
        arrays["smallest_eigenvalue"] = np.array(
            [
                hessian.smallest_eigenvalue(
                    [factor[i] for factor in trajectories.final], start.target[i],
                    run.generator(member.seed, "lanczos"), None if start.mask is None else start.mask[i],
                )
                for i, member in enumerate(runs)
            ]
        )  # fmt: skip
    if settings.curvature.plateaus:
        arrays["spectra"] = _plateau_spectra(trajectories, arrays, start, runs, settings)
    return arrays


def _refuse_divergence(trajectories: Trajectories, settings: Train, runs: Sequence[Member]) -> None:
    diverged = (trajectories.outcome == DIVERGED).nonzero()[:, 0].tolist()
    if diverged and not settings.stopping.may_diverge:
        worst = runs[diverged[0]]
        raise RunFailed(
            f"{worst}: the loss blew up; lower learning_rates (the stability limit for this target is "
            f"{oracle.critical_rate(worst.sigma[0], worst.depth):.3g}), or set stopping.may_diverge if that is wanted"
        )


def _log(loop: Loop, trajectories: Trajectories, runs: Sequence[Member]) -> None:
    """One history row for each seed: mean loss of its runs that still move."""
    record = trajectories.recorded - 1
    loss = trajectories.records["loss"][record].cpu().numpy()
    moving = (trajectories.outcome == RUNNING).cpu().numpy()
    seeds = np.array([member.seed for member in runs])
    for seed in dict.fromkeys(seeds.tolist()):
        mine = (seeds == seed) & np.isfinite(loss)
        if mine.any():
            loop.log(
                seed=seed,
                descent_step=trajectories.steps[record],
                loss=float(loss[mine].mean()),
                running=int(moving[seeds == seed].sum()),
            )


def _description(runs: Sequence[Member]) -> dict[str, np.ndarray]:
    """What each run is, as arrays (B,); `sigma` (B, R_max) is padded with zeros."""
    sigma = np.zeros((len(runs), max(member.rank for member in runs)))
    for row, member in zip(sigma, runs, strict=True):
        row[: member.rank] = member.sigma
    return {
        "seed": np.array([member.seed for member in runs]),
        "target": np.array([member.target for member in runs], dtype=f"U{TEXT_WIDTH}"),
        "init": np.array([member.init for member in runs], dtype=f"U{TEXT_WIDTH}"),
        "scale": np.array([member.scale for member in runs]),
        "rate": np.array([member.rate for member in runs]),
        "step_size": np.array([member.step_size for member in runs]),
        "sigma": sigma,
    }


def _plateau_spectra(
    trajectories: Trajectories, arrays: dict[str, np.ndarray], start: Batch, runs: Sequence[Member], settings: Train
) -> np.ndarray:
    """Hessian eigenvalues (B, R_max + 1, N) at the start, at each plateau, and at the end; NaN where a plateau is missing."""
    size = sum(factor[0].numel() for factor in trajectories.final)
    widest = max(member.rank for member in runs)
    spectra = np.full((len(runs), widest + 1, size), np.nan)
    for i, member in enumerate(runs):
        ended = int(np.isfinite(arrays["loss"][:, i]).sum())
        found = stages.find_stages(
            arrays["step"][:ended], arrays["singular_values"][:ended, i], arrays["gradient_norm"][:ended, i],
            arrays["loss"][:ended, i], np.array(member.sigma), settings.counting,
        )  # fmt: skip
        points = [0, *found.plateaus[: widest - 1]]
        for place, record in enumerate(points):
            spectra[i, place] = hessian.spectrum(trajectories.snapshot(int(record), i), start.target[i])
        spectra[i, member.rank] = hessian.spectrum([factor[i] for factor in trajectories.final], start.target[i])
    return spectra


# --------------------------------------------------------------------------------------- critical points


def _critical_points(run: Run, settings: Train) -> dict[str, np.ndarray]:
    """Hessians at every balanced critical point of every target, and near its top-r saddles.

    One row per (seed, target, depth, hidden width, subset): measured and predicted index and smallest eigenvalue, gradient
    norm, `learned` as 0/1 text; `near_*` rows for points near the top-r saddles.
    """
    sigma = singular_values(run.data)
    names, seeds = run.data["names"].tolist(), run.data["seeds"].tolist()
    rows: list[dict] = []
    near: list[dict] = []
    cells = [
        (seed, name, depth, width)
        for seed in run.seeds
        for name in (settings.targets or names)
        for depth in settings.depths
        for width in settings.critical_points.hidden_widths
        if width >= len(sigma[name])
    ]
    for seed, name, depth, width in cells:
        place = seeds.index(seed), names.index(name)
        left, right, target = (torch.from_numpy(run.data[key][place]) for key in ("left", "right", "target"))
        generator = run.generator(seed, "hidden bases", name, depth, width)
        cell = {"seed": seed, "target": name, "depth": depth, "width": width, "rank": len(sigma[name])}
        for count in range(len(sigma[name]) + 1):
            for learned in combinations(range(len(sigma[name])), count):
                point = hessian.critical_point(sigma[name], left, right, learned, width, depth, generator)
                rows.append(cell | _at_saddle(point, target, sigma[name], learned, width, settings))
            for scale in settings.critical_points.near_scales if count < len(sigma[name]) else []:
                point = hessian.critical_point(
                    sigma[name], left, right, range(count), width, depth, generator, unlearned_scale=scale
                )
                near.append(
                    cell
                    | {
                        "learned": count,
                        "scale": scale,
                        "smallest": float(hessian.spectrum(point, target)[0]),
                        "predicted": oracle.near_saddle_eigenvalue(sigma[name], count, scale, depth),
                    }
                )
    return _columns(rows) | {f"near_{key}": column for key, column in _columns(near).items()}


def _at_saddle(
    point: list[torch.Tensor], target: torch.Tensor, sigma: Sequence[float], learned: Sequence[int], width: int,
    settings: Train,
) -> dict:  # fmt: skip
    depth = len(point)
    eigenvalues = hessian.spectrum(point, target)
    gradient_norm = float(hessian.flatten(hessian.model.gradient(point, target)).norm())
    return {
        "learned": "".join("1" if i in learned else "0" for i in range(len(sigma))),
        "gradient_norm": gradient_norm,
        "index": hessian.count_negative(eigenvalues, settings.critical_points.tolerance * sigma[0]),
        "smallest": float(eigenvalues[0]),
        "predicted_index": oracle.saddle_index(sigma, learned, width, depth),
        "predicted_smallest": oracle.smallest_eigenvalue(sigma, learned, width, depth),
    }


def _columns(rows: Sequence[dict]) -> dict[str, np.ndarray]:
    return {key: np.array([row[key] for row in rows]) for key in rows[0]} if rows else {}


# --------------------------------------------------------------------------------------------- baselines


def _baseline(run: Run, settings: Train) -> dict[str, np.ndarray]:
    """Classical completion of every target: relative error over all entries, one row per (seed, target)."""
    sigma = singular_values(run.data)
    names, seeds = run.data["names"].tolist(), run.data["seeds"].tolist()
    rows = []
    for seed in run.seeds:
        for name in settings.targets or names:
            place = seeds.index(seed), names.index(name)
            target = run.data["target"][place]
            mask = run.data["mask"][place] if "mask" in run.data else np.ones_like(target, dtype=bool)
            estimate = completion.complete(
                settings.baseline, target, mask, len(sigma[name]), run.numpy_generator(seed, "held out", name)
            )
            error = float(np.linalg.norm(estimate - target) / np.linalg.norm(target))
            rows.append({"seed": seed, "target": name, "relative_error": error})
    return _columns(rows)
