"""Descent runs: every run of a depth is one batch, recorded along the way, with its second-order measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from tenfold.errors import RunFailed
from tenfold.papers.dmf_spe import hessian, oracle
from tenfold.papers.dmf_spe.members import Batch, Member, batch, members
from tenfold.papers.dmf_spe.recorded import runs_of_depth
from tenfold.papers.dmf_spe.settings import Train
from tenfold.papers.dmf_spe.trajectories import DIVERGED, RUNNING, Trajectories
from tenfold.training.loop import Loop
from tenfold.training.run import Run

TEXT_WIDTH = 64


def descend_all_depths(run: Run, settings: Train) -> dict[str, np.ndarray]:
    """Arrays of `_descend` for every depth, named `L3/loss` and so on."""
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
    chunk = max(1, -(-(len(trajectories.steps) - 1) // settings.recording.chunks))  # records in one step of the loop
    total = -(-(len(trajectories.steps) - 1) // chunk)
    loop = run.loop(f"depth-{depth}", total, {"trajectories": trajectories})
    for _ in loop:
        trajectories.advance(chunk)
        _refuse_divergence(trajectories, settings, runs)
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
            f"target {worst.target}, depth {worst.depth}, alpha {worst.scale:g}, seed {worst.seed}: the loss blew up "
            f"at learning rate {worst.step_size:.3g}; lower learning_rates (gradient descent is stable up to "
            f"{oracle.critical_rate(worst.sigma[0], worst.depth):.3g} here), or set stopping.may_diverge if it may"
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
    """Hessian eigenvalues (B, R_max + 1, N) at the start, each plateau and the end; NaN where a plateau is missing."""
    size = sum(factor[0].numel() for factor in trajectories.final)
    widest = max(member.rank for member in runs)
    spectra = np.full((len(runs), widest + 1, size), np.nan)
    for i, (member, recorded) in enumerate(zip(runs, runs_of_depth(arrays, start.depth), strict=True)):
        plateaus = recorded.stages(settings.counting).plateaus[: member.rank - 1]
        for place, record in enumerate([0, *plateaus.tolist()]):
            spectra[i, place] = hessian.spectrum(trajectories.snapshot(record, i), start.target[i])
        spectra[i, member.rank] = hessian.spectrum([factor[i] for factor in trajectories.final], start.target[i])
    return spectra
