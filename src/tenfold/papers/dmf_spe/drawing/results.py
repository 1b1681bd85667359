"""What figures and tables read: recorded runs, and metrics with the parts of their split names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.papers.dmf_spe.recorded import RecordedRun, recorded_runs
from tenfold.papers.dmf_spe.settings import Train
from tenfold.papers.dmf_spe.stages import Stages
from tenfold.plotting import GREY, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from tenfold.results import Results

DEPTH_COLOURS = {1: GREY, 2: PALETTE[1], 3: PALETTE[0], 4: PALETTE[2]}
INIT_MARKERS = {"aligned": "o", "orthogonal": "^", "gaussian": "s"}
THOUSAND = 1000.0


def runs_of(results: Results, dataset: str, method: str) -> list[tuple[RecordedRun, Stages]]:
    """Every recorded run of a method on a data set, with its stages; empty where it was not run."""
    found = []
    for run in results.runs():
        if (run.dataset, run.method) == (dataset, method):
            counting = Train.model_validate(run.settings).counting
            found += [(recorded, recorded.stages(counting)) for recorded in recorded_runs(run.predictions)]
    return found


def predictions_of(results: Results, dataset: str, method: str) -> dict[str, np.ndarray]:
    """Arrays of a job whose rows belong to seeds, joined over blocks of seeds; empty where it was not run."""
    blocks = [run.predictions for run in results.runs() if (run.dataset, run.method) == (dataset, method)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else {}


def metrics_of(
    results: Results, dataset: str, method: str, metrics: Sequence[str], parts: Sequence[str] = ()
) -> pd.DataFrame:
    """One row per (split, seed), one column per metric and one per part of the split's name.

    Splits with another number of parts, such as `all`, are left out. `L3` and `scale-0.1` become numbers.
    """
    frame = results.metrics
    frame = frame[(frame["dataset"] == dataset) & (frame["method"] == method) & frame["metric"].isin(metrics)]
    if frame.empty:
        return frame
    wide = frame.pivot_table(index=["split", "seed"], columns="metric", values="value")
    wide = wide.reindex(columns=list(metrics)).reset_index()
    if parts:
        wide = wide[wide["split"].str.count("/") == len(parts) - 1]
        wide = wide[wide["split"] != "all"]
        for place, part in enumerate(parts):
            texts = wide["split"].str.split("/").str[place]
            wide[part] = (
                texts if part in ("target", "init") else texts.str.extract(r"L?(?:.*?-)?(.+)$")[0].astype(float)
            )
    return wide


def held(runs: Sequence[RecordedRun], curve: str, steps: np.ndarray) -> np.ndarray:
    """A curve of several runs at the same `steps`, (runs, len(steps)); after its end a run keeps its last value."""
    return np.array([np.interp(steps, run.steps, run.curves[curve]) for run in runs])


def with_range(ax: Axes, x: np.ndarray, values: np.ndarray, colour: str, **line: Any) -> None:
    """Mean over the first axis as a line, with a band from smallest to largest."""
    ax.plot(x, values.mean(0), color=colour, **line)
    ax.fill_between(x, values.min(0), values.max(0), color=colour, alpha=0.18, linewidth=0)
