"""Training: descent runs in batches, the study of critical points, or classical completion."""

from __future__ import annotations

import numpy as np

from tenfold.papers.dmf_spe import completion
from tenfold.papers.dmf_spe.descend import descend_all_depths
from tenfold.papers.dmf_spe.members import singular_values
from tenfold.papers.dmf_spe.saddles import columns, critical_points
from tenfold.papers.dmf_spe.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Train stage: what `settings.study` names."""
    settings = Train.model_validate(run.settings)
    if settings.study == "trajectories":
        run.save_predictions(descend_all_depths(run, settings))
    elif settings.study == "critical-points":
        run.save_predictions(critical_points(run, settings))
    else:
        run.save_predictions(_baseline(run, settings))


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
    return columns(rows)
