"""Recorded runs, read back from the arrays that the train stage saved. NumPy only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tenfold.papers.dmf_spe import oracle
from tenfold.papers.dmf_spe.settings import Counting, MemberPart
from tenfold.papers.dmf_spe.stages import Stages, find_stages

CURVES = (
    "loss",
    "gradient_norm",
    "singular_values",
    "effective_rank",
    "stable_rank",
    "relative_error",
    "distance_to_best",
)
"""Quantities that may be written at every record; the first three always are."""


@dataclass(frozen=True)
class RecordedRun:
    """One descent run. Curves have one row per record until its end, (T,); `singular_values` (T, K)."""

    depth: int
    seed: int
    target: str
    init: str
    scale: float
    rate: float
    """Learning rate in the unit of the settings."""
    step_size: float
    """The learning rate itself."""
    sigma: np.ndarray
    """Non-zero singular values of the noiseless target, (R,)."""
    outcome: int
    """How it ended; see `trajectories`."""
    steps: np.ndarray
    curves: Mapping[str, np.ndarray]
    smallest_eigenvalue: float
    """Of the Hessian at the end; NaN where it was not computed."""
    spectra: np.ndarray | None
    """Hessian eigenvalues (R_max + 1, N) at the start, each plateau, and the end; None where they were not computed."""

    @property
    def rank(self) -> int:
        return len(self.sigma)

    def split(self, parts: Sequence[MemberPart]) -> str:
        """Name of the run in metrics.csv, such as `421/L3/aligned/scale-0.05`: the parts asked for, in their order."""
        texts = {
            "target": self.target,
            "depth": f"L{self.depth}",
            "init": self.init,
            "scale": f"scale-{self.scale:g}",
            "rate": f"rate-{self.rate:g}",
        }
        return "/".join(texts[part] for part in parts)

    def stages(self, counting: Counting) -> Stages:
        """Both stage counters."""
        curves = self.curves
        return find_stages(
            self.steps, curves["singular_values"], curves["gradient_norm"], curves["loss"], self.sigma, counting
        )

    def predicted_steps(self, share: float = 0.5) -> np.ndarray:
        """Escape steps (R,) of gradient flow from the aligned initial value of this scale: flow time / step size."""
        return oracle.escape_times(self.scale, self.sigma, self.depth, share) / self.step_size

    def recursion(self) -> np.ndarray:
        """Singular values (T, R) of the exact scalar recursion from the aligned initial value, at the run's records."""
        start = np.full(self.rank, self.scale)
        return oracle.recursion(start, self.sigma, self.step_size, self.depth, self.steps.tolist())


def recorded_runs(predictions: Mapping[str, np.ndarray]) -> Iterator[RecordedRun]:
    """Every run of a job, depth by depth."""
    depths = sorted({int(found[1]) for name in predictions if (found := re.fullmatch(r"L(\d+)/step", name))})
    for depth in depths:
        prefix = f"L{depth}/"
        own = {name.removeprefix(prefix): array for name, array in predictions.items() if name.startswith(prefix)}
        yield from runs_of_depth(own, depth)


def runs_of_depth(arrays: Mapping[str, np.ndarray], depth: int) -> Iterator[RecordedRun]:
    """The runs of one depth, from arrays without the depth in their names."""
    for i, seed in enumerate(arrays["seed"].tolist()):
        ended = int(np.isfinite(arrays["loss"][:, i]).sum())
        sigma = arrays["sigma"][i]
        yield RecordedRun(
            depth=depth,
            seed=seed,
            target=str(arrays["target"][i]),
            init=str(arrays["init"][i]),
            scale=float(arrays["scale"][i]),
            rate=float(arrays["rate"][i]),
            step_size=float(arrays["step_size"][i]),
            sigma=sigma[sigma > 0],
            outcome=int(arrays["outcome"][i]),
            steps=arrays["step"][:ended],
            curves={name: arrays[name][:ended, i] for name in CURVES if name in arrays},
            smallest_eigenvalue=float(arrays["smallest_eigenvalue"][i]) if "smallest_eigenvalue" in arrays else np.nan,
            spectra=arrays["spectra"][i] if "spectra" in arrays else None,
        )
