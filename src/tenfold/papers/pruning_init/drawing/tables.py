"""Tables: measured errors beside those of the earlier program, thresholds beside predictions, accuracies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.papers.pruning_init.cells import TRUSTED_STEPS, image_cell, theory_cell
from tenfold.papers.pruning_init.drawing.grids import Grid, crossing, rise
from tenfold.papers.pruning_init.drawing.phases import median_ratio
from tenfold.papers.pruning_init.theory.thresholds import ineffective_probability, lower_keep, upper_keep
from tenfold.results import Results
from tenfold.tables import mean_and_spread

if TYPE_CHECKING:
    import pandas as pd

NONE = "none"


def grid_table(results: Results, grid: Grid) -> pd.DataFrame:
    """A row for each cell: measured test error, the earlier program's, training error, steps, predicted ratio.

    Ratio and coverage are left out for q <= 2, where no filter runs away from the others.
    """
    import pandas as pd

    rows = []
    ratio = median_ratio(grid)
    for level, noise in enumerate(grid.noise):
        for column, keep in enumerate(grid.keep):
            steps = grid.arrays["steps"][:, column, level]
            row = {
                "noise": f"{noise:g}",
                "keep": f"{keep:g}",
                "test error": mean_and_spread(grid.error[:, column, level].tolist(), ".3f"),
                "earlier program": earlier(results, grid.dataset, "test-error", theory_cell(noise, keep)),
                "training error": mean_and_spread(grid.arrays["train-error"][:, column, level].tolist(), ".3f"),
                "steps": f"{steps.mean():.0f}" + (" (few)" if steps.mean() <= TRUSTED_STEPS else ""),
            }
            if grid.settings["power"] > 2:
                row["ratio before training"] = number(ratio[column, level])
                covering = (grid.arrays["covered"][:, column, level] == 1).mean()
                row |= {
                    "ratio before training": number(ratio[column, level]),
                    "seeds with all classes": f"{covering:.0%}",
                }
            rows.append(row)
    return pd.DataFrame(rows).set_index(["noise", "keep"])


def threshold_table(grid: Grid) -> pd.DataFrame:
    """A row for each noise level: where the error crosses half of chance, and where that was expected."""
    import pandas as pd

    half, error, ratio = grid.chance / 2, grid.error.mean(axis=0), median_ratio(grid)
    power, filters = grid.settings["power"], grid.settings["filters"]
    rows = []
    for level, noise in enumerate(grid.noise):
        formula = upper_keep(grid.per_class, grid.settings["signal"], noise, grid.prepare["dimension"], power)
        rows.append(
            {
                "noise": f"{noise:g}",
                "upper, measured": number(crossing(grid.keep, error[:, level], half)),
                "upper, initial network": number(crossing(grid.keep, ratio[:, level], 1.0)),
                "upper, keep*": f"{formula:.3g}",
                "lower, measured": number(rise(grid.keep, error[:, level], half)),
                "lower, (1 - keep/2)^m = 1/2": f"{lower_keep(filters):.3g}",
            }
        )
    return pd.DataFrame(rows).set_index("noise")


def coverage_table(grid: Grid) -> pd.DataFrame:
    """A row for each keep rate: how often classes lose their signal before training, counted and in closed form."""
    import pandas as pd

    filters, classes = grid.settings["filters"], grid.prepare["classes"]
    rows = []
    for column, keep in enumerate(grid.keep):
        covered = grid.arrays["covered"][:, column, 0]
        lost = ineffective_probability(keep, filters)
        rows.append(
            {
                "keep": f"{keep:g}",
                "seeds that lost a class": f"{(covered < 1).mean():.0%}",
                "expected, 1 - (1 - (1 - keep/2)^m)^K": f"{1 - (1 - lost) ** classes:.0%}",
                "seeds that lost all classes": f"{(covered == 0).mean():.0%}",
                "expected, (1 - keep/2)^(m K)": f"{lost**classes:.0%}",
            }
        )
    return pd.DataFrame(rows).set_index("keep")


def number(value: float | None) -> str:
    """A keep rate or a ratio in three digits; `none` where there is no crossing."""
    if value is None:
        return NONE
    if np.isinf(value):
        return "infinite"
    return f"{value:.3g}"


def earlier(results: Results, dataset: str, metric: str, split: str, method: str = "random") -> str:
    """What the earlier program measured in this cell; empty where it did not."""
    rows = results.reported
    found = rows[
        (rows["dataset"] == dataset)
        & (rows["method"] == method)
        & (rows["metric"] == metric)
        & (rows["split"] == split)
    ]
    return format(found["value"].iloc[0], ".3f") if len(found) else ""


def image_table(results: Results) -> pd.DataFrame | None:
    """A row for each image data set and method, a column for each keep rate; None without images at this scale."""
    import pandas as pd

    metrics = results.metrics[results.metrics["metric"] == "test-accuracy"]
    if metrics.empty:
        return None
    keeps = sorted({float(split.removeprefix("keep ")) for split in metrics["split"]}, reverse=True)
    rows = []
    for dataset in results.known("datasets", None, metrics["dataset"]):
        own = metrics[metrics["dataset"] == dataset]
        for method in results.known("methods", None, own["method"]):
            values = own[own["method"] == method].groupby("split")["value"].apply(list)
            cells = {
                image_cell(k): mean_and_spread(values[image_cell(k)], ".3f") if image_cell(k) in values else ""
                for k in keeps
            }
            rows.append({"data set": results.label(dataset), "method": results.method_title(method), **cells})
        before = {image_cell(k): earlier(results, dataset, "test-accuracy", image_cell(k)) for k in keeps}
        if any(before.values()):
            rows.append({"data set": results.label(dataset), "method": "Random mask, earlier program", **before})
    return pd.DataFrame(rows).set_index(["data set", "method"])
