"""Tables of dmf-spe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.papers.dmf_spe.drawing.results import metrics_of, predictions_of, runs_of
from tenfold.tables import mean_and_spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from tenfold.results import Results

STAGE_METHODS = ("gd-l3", "gd-l3-tiny", "gd-l4", "gd-l2", "gd-l2-tiny")


def all_tables(results: Results) -> None:
    """Write every table for which there are results."""
    for name, rows in (
        ("t1-stages", _stages(results)),
        ("t2-saddles", _saddles(results)),
        ("t3-escape-law", _escape_law(results)),
        ("t4-ties", _ties(results)),
        ("t5-completion", _completion(results)),
        ("t6-hessian-paths", _hessian_paths(results)),
        ("t7-near-saddles", _near_saddles(results)),
    ):
        if rows:
            results.save_table(name, _frame(rows))


def _frame(rows: Sequence[dict]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows))


def _stages(results: Results) -> list[dict]:
    rows = []
    for dataset in ("ranks", "ranks-100"):
        for method in STAGE_METHODS:
            for run, found in sorted(runs_of(results, dataset, method), key=lambda pair: (pair[0].rank, pair[0].seed)):
                rows.append(
                    {
                        "method": results.method_title(method),
                        "size": results.dataset_title(dataset).rpartition(", ")[2],
                        "R": run.rank,
                        "seed": run.seed,
                        "escapes": found.escapes,
                        "peaks": len(found.peaks),
                        "escape steps": _joined(found.times, ".0f"),
                        "plateau losses": _joined(found.plateau_losses, ".4f"),
                        "gradient norm at the end": format(run.curves["gradient_norm"][-1], ".1e"),
                        "smallest eigenvalue at the end": format(run.smallest_eigenvalue, ".1e"),
                    }
                )
    return rows


def _saddles(results: Results) -> list[dict]:
    """The first seed and target: by orthogonal invariance the others are the same."""
    points = predictions_of(results, "small", "critical-points")
    if not points:
        return []
    first = (points["seed"] == points["seed"][0]) & (points["target"] == points["target"][0])
    rows = []
    for i in np.flatnonzero(first):
        learned, width = str(points["learned"][i]), int(points["width"][i])
        rank, count = len(learned), learned.count("1")
        rows.append(
            {
                "target": str(points["target"][i]),
                "depth": int(points["depth"][i]),
                "hidden width h": width,
                "learned": learned,
                "(R-r)(h-r)": (rank - count) * (width - count),
                "index": int(points["index"][i]),
                "index, predicted": int(points["predicted_index"][i]),
                "smallest eigenvalue": _zero(points["smallest"][i]),
                "smallest, predicted": _zero(points["predicted_smallest"][i]),
            }
        )
    return rows


def _near_saddles(results: Results) -> list[dict]:
    points = predictions_of(results, "small", "critical-points")
    if not points:
        return []
    first = (points["near_seed"] == points["near_seed"][0]) & (points["near_target"] == points["near_target"][0])
    first &= points["near_width"] == points["near_width"].max()
    return [
        {
            "depth": int(points["near_depth"][i]),
            "learned modes": int(points["near_learned"][i]),
            "alpha": format(points["near_scale"][i], "g"),
            "smallest eigenvalue": format(points["near_smallest"][i], ".8f"),
            "predicted": format(points["near_predicted"][i], ".8f"),
        }
        for i in np.flatnonzero(first)
    ]


def _escape_law(results: Results) -> list[dict]:
    runs = runs_of(results, "escape-421", "escape-law")
    rows = []
    for depth, scale, init in dict.fromkeys((run.depth, run.scale, run.init) for run, _ in runs):
        own = [pair for pair in runs if (pair[0].depth, pair[0].scale, pair[0].init) == (depth, scale, init)]
        rows.append(
            {
                "depth": depth,
                "alpha": format(scale, "g"),
                "initial value": init,
                "escape steps": _joined(np.median([found.times for _, found in own], axis=0), ".0f"),
                "theory (aligned)": _joined(own[0][0].predicted_steps(), ".1f"),
                "peaks": _range([len(found.peaks) for _, found in own]),
                "escapes": _range([found.escapes for _, found in own]),
            }
        )
    return rows


def _ties(results: Results) -> list[dict]:
    runs = runs_of(results, "ties", "stage-map")
    rows = []
    for target, depth, init in dict.fromkeys((run.target, run.depth, run.init) for run, _ in runs):
        own = [pair for pair in runs if (pair[0].target, pair[0].depth, pair[0].init) == (target, depth, init)]
        rows.append(
            {
                "singular values": target.replace("-", ", "),
                "depth": depth,
                "initial value": init,
                "escape steps": _joined(np.median([found.times for _, found in own], axis=0), ".0f"),
                "escapes": _range([found.escapes for _, found in own]),
                "peaks": _range([len(found.peaks) for _, found in own]),
            }
        )
    return rows


def _completion(results: Results) -> list[dict]:
    rows = []
    for method in ("gd-l2", "gd-l3", "gd-l4"):
        frame = metrics_of(results, "completion", method, ["relative_error", "final_loss"], ["scale"])
        for scale, own in [] if frame.empty else frame.groupby("scale"):
            rows.append(
                {
                    "method": results.method_title(method),
                    "alpha": format(scale, "g"),
                    "relative error": mean_and_spread(own["relative_error"].tolist(), ".4f"),
                    "training loss": format(own["final_loss"].median(), ".1e"),
                }
            )
    for method in ("zero-fill", "truncated-svd", "soft-impute"):
        frame = metrics_of(results, "completion", method, ["relative_error"])
        if not frame.empty:
            error = mean_and_spread(frame["relative_error"].tolist(), ".4f")
            title = results.method_title(method)
            rows.append({"method": title, "alpha": "", "relative error": error, "training loss": ""})
    return rows


def _hessian_paths(results: Results) -> list[dict]:
    runs = [run for run, _ in runs_of(results, "small", "hessian-paths") if run.spectra is not None]
    rows = []
    for depth, init in dict.fromkeys((run.depth, run.init) for run in runs):
        own = [run for run in runs if (run.depth, run.init) == (depth, init)]
        spectra = np.array([run.spectra for run in own])  # (seeds, R + 1, N)
        places = ["start", *(f"plateau {r}" for r in range(1, own[0].rank)), "end"]
        row: dict = {"depth": depth, "initial value": init, "alpha": format(own[0].scale, "g")}
        for place, name in enumerate(places):
            seen = spectra[np.isfinite(spectra[:, place]).all(1), place]
            if len(seen):
                count, smallest = np.median((seen < -0.05).sum(1)), np.median(seen[:, 0])
                row[name] = f"{count:.0f} negative, smallest {_zero(smallest)}"
            else:
                row[name] = "no plateau"
        rows.append(row)
    return rows


def _joined(values: Sequence[float] | np.ndarray, number_format: str) -> str:
    return ", ".join(format(value, number_format) if np.isfinite(value) else "never" for value in values)


def _range(counts: Sequence[int]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)}-{max(counts)}"


def _zero(value: float) -> str:
    """Five decimals; what rounding leaves of zero is 0."""
    return "0" if abs(value) < 5e-6 else format(value, ".5f")
