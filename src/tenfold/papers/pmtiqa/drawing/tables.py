"""Tables T1 to T5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.papers.pmtiqa.drawing.recorded import (
    ARM_TITLES,
    SCHEDULES,
    SPANS,
    difference_in_words,
    measured,
    median_and_range,
    paired,
    rule,
    values,
)
from tenfold.tables import NO_COUNTERPART, NOT_MEASURED, NOT_TRANSCRIBED

if TYPE_CHECKING:
    import pandas as pd

    from tenfold.results import Results

ABLATION = {"pmtiqa": ("yes", "yes"), "no-ms": ("no", "yes"), "no-pmt": ("yes", "no"), "no-ms-no-pmt": ("no", "no")}
"""Method -> with MS, with PMT."""


def all_tables(results: Results) -> None:
    """Write every table for which there are results."""
    results.save_table("t1-srcc", _correlations(results, "srcc"))
    results.save_table("t2-plcc", _correlations(results, "plcc"))
    for name, rows in (
        ("t3-ablation", _ablation(results)), ("t4-schedules", _schedules(results)), ("t5-units", _units(results)),
    ):  # fmt: skip
        if rows:
            import pandas as pd

            frame = pd.DataFrame(rows)
            results.save_table(name, frame.set_index(list(frame.columns[:2])))


def _correlations(results: Results, metric: str) -> pd.DataFrame:
    """Rows (data set, method): last epoch, best epoch on the test images, and what the authors' repository reports."""
    import pandas as pd

    number_format = results.paper.metrics[metric].format
    reported = results.reported[results.reported["metric"] == metric]
    rows: list[list[str]] = []
    labels: list[tuple[str, str]] = []
    best: list[tuple[int, int]] = []
    for dataset in sorted(results.paper.datasets, key=lambda name: results.kind(name) != "paper"):
        medians: dict[int, float] = {}
        for method in results.paper.methods:
            last = values(results, dataset, method, metric)
            own = reported[(reported["dataset"] == dataset) & (reported["method"] == method)]
            if not last and own.empty:
                continue
            if last:
                medians[len(rows)] = float(np.median(list(last.values())))
            best_epoch = values(results, dataset, method, metric, "best-epoch")
            absent = NOT_TRANSCRIBED if results.kind(dataset) == "paper" else NO_COUNTERPART
            quoted = [
                format(value, number_format) + (f" ({label})" if isinstance(label, str) and label else "")
                for value, label in own[["value", "label"]].to_numpy()
            ]
            rows.append(
                [
                    median_and_range(list(last.values()), number_format) or NOT_MEASURED,
                    median_and_range(list(best_epoch.values()), number_format) or NOT_MEASURED,
                    " / ".join(quoted) or absent,
                ]
            )
            labels.append((results.label(dataset), results.method_title(method)))
        if len(medians) > 1:
            top = max(medians.values())
            best += [(row, 0) for row, value in medians.items() if value == top]
    frame = pd.DataFrame(
        rows,
        index=pd.MultiIndex.from_tuples(labels, names=["data set", "method"]),
        columns=["last epoch", "best epoch on the test images", "reported (best epoch)"],
    )
    frame.attrs["best"] = best
    return frame


def _ablation(results: Results) -> list[dict]:
    rows = []
    for dataset in measured(results, ("pmtiqa", "no-pmt")):
        full = values(results, dataset, "pmtiqa", "srcc")
        has_scales = bool(values(results, dataset, "no-ms", "srcc"))
        for method, (scales, tasks) in ABLATION.items():
            own = values(results, dataset, method, "srcc")
            if own:
                rows.append(
                    {
                        "data set": results.label(dataset),
                        "model": results.method_title(method),
                        "MS": scales if has_scales else "none (feature vectors)",
                        "PMT": tasks,
                        "SRCC": median_and_range(list(own.values()), ".3f"),
                        "full model minus this": "" if method == "pmtiqa" else difference_in_words(paired(full, own)),
                    }
                )
    return rows


def _schedules(results: Results) -> list[dict]:
    rows = []
    for dataset in measured(results, SCHEDULES):
        base = values(results, dataset, "no-pmt", "srcc")
        for method in SCHEDULES:
            own = values(results, dataset, method, "srcc")
            rows.append(
                {
                    "data set": results.label(dataset),
                    "schedule": ARM_TITLES[method],
                    "SRCC": median_and_range(list(own.values()), ".3f"),
                    "minus regression only": "" if method == "no-pmt" else difference_in_words(paired(own, base)),
                }
            )
    return rows


def _units(results: Results) -> list[dict]:
    rows = []
    for dataset in measured(results, ("label-units",)):
        span = SPANS[rule(results, dataset)]
        frame = results.metrics
        own = frame[
            (frame["dataset"] == dataset) & (frame["method"] == "label-units") & (frame["metric"] == "pmt_gain")
        ]
        for split in sorted(own["split"].unique(), key=lambda text: float(text.split()[-1])):
            factor = float(split.split()[-1])
            arms = {
                arm: list(values(results, dataset, "label-units", "srcc", f"{arm} {split}").values())
                for arm in ("regression-only", "progressive")
            }
            gains = np.array(own[own["split"] == split].sort_values("seed")["value"])
            rows.append(
                {
                    "data set": results.label(dataset),
                    "factor": f"{factor:g}",
                    "labels span about": f"{factor * span:g}",
                    "SRCC, regression only": median_and_range(arms["regression-only"], ".3f"),
                    "SRCC, progressive": median_and_range(arms["progressive"], ".3f"),
                    "gain": difference_in_words(gains),
                }
            )
    return rows
