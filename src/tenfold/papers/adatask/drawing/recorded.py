"""What finished runs recorded, found again for figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenfold.papers.adatask.evaluate import part
from tenfold.results import Results

DENSE = ("cityscapes", "fashionscapes", "fashionscapes-320", "digitscapes")
CLICKS = ("tiktok", "ml-100k-love", "ml-100k-hate", "short-videos")
DEPTH_TASK = 1


@dataclass(frozen=True)
class Watched:
    """What the monitor of one method saw on one data set: `names` (W,) of tensors; for each seed `mean` (S, W, K),
    `gradient_mean` (S, W, K), `histogram` (S, W, K, 10), `trace` (S, T, W, K) and `steps` (T,).
    """

    dataset: str
    method: str
    names: list[str]
    mean: np.ndarray
    gradient_mean: np.ndarray
    histogram: np.ndarray
    trace: np.ndarray
    steps: np.ndarray

    @property
    def layers(self) -> list[int]:
        """Places of the weights of layers: their labels are one word."""
        return [place for place, name in enumerate(self.names) if " " not in name]


def dense_dataset(results: Results) -> str | None:
    """The first of the dense data sets on which both equal weighting and AdaTask have run."""
    finished = {(run.dataset, run.method) for run in results.runs()}
    return next((name for name in DENSE if {(name, "ew"), (name, "adatask")} <= finished), None)


def watched(results: Results, dataset: str, method: str) -> Watched | None:
    """The monitor's records of a method on a data set; None when it was not watched or has not run."""
    found = []
    for run in results.runs_of(dataset, method):
        for seed in run.seeds:
            own = [name for name in run.predictions if name.startswith(f"{seed}/") and name.endswith("/names")]
            found += [part(run.predictions, own[0].removesuffix("/names"))] if own else []
    if not found:
        return None
    shortest = min(len(one["trace"]) for one in found)  # a run may have stopped early
    stacked = {name: np.stack([one[name] for one in found]) for name in ("mean", "gradient_mean", "histogram")}
    return Watched(
        dataset,
        method,
        names=found[0]["names"].tolist(),
        trace=np.stack([one["trace"][:shortest] for one in found]),
        steps=found[0]["trace_steps"][:shortest],
        **stacked,
    )
