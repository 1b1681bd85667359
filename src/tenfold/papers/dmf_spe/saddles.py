"""The study of exact balanced critical points and of points near the top-r saddles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch

from tenfold.papers.dmf_spe import hessian, model, oracle
from tenfold.papers.dmf_spe.members import singular_values
from tenfold.papers.dmf_spe.settings import Train
from tenfold.training.run import Run


def critical_points(run: Run, settings: Train) -> dict[str, np.ndarray]:
    """Hessians at every balanced critical point of every target, and near its top-r saddles.

    One row per (seed, target, depth, hidden width, subset): measured and predicted index and smallest eigenvalue,
    gradient norm, `learned` as 0/1 text; `near_*` rows for points near the top-r saddles.
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
    return columns(rows) | {f"near_{key}": column for key, column in columns(near).items()}


def _at_saddle(
    point: list[torch.Tensor], target: torch.Tensor, sigma: Sequence[float], learned: Sequence[int], width: int,
    settings: Train,
) -> dict:  # fmt: skip
    depth = len(point)
    eigenvalues = hessian.spectrum(point, target)
    gradient_norm = float(hessian.flatten(model.gradient(point, target)).norm())
    return {
        "learned": "".join("1" if i in learned else "0" for i in range(len(sigma))),
        "gradient_norm": gradient_norm,
        "index": hessian.count_negative(eigenvalues, settings.critical_points.tolerance * sigma[0]),
        "smallest": float(eigenvalues[0]),
        "predicted_index": oracle.saddle_index(sigma, learned, width, depth),
        "predicted_smallest": oracle.smallest_eigenvalue(sigma, learned, width, depth),
    }


def columns(rows: Sequence[dict]) -> dict[str, np.ndarray]:
    """Rows with the same keys, as one array per key."""
    return {key: np.array([row[key] for row in rows]) for key in rows[0]} if rows else {}
