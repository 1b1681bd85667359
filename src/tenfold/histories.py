"""Histories of runs (JSON lines with `loop`, `step`, maybe `seed`, and values), and learning curves made of them."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tenfold.files import write_text

POINTS = 150
"""Steps kept of each curve: more cannot be told apart in a small panel."""

Point = tuple[int, int, float]
"""Seed, step, value."""

Series = dict[str, list[Point]]
"""Name of a logged value -> its curve."""

CURVE_COLUMNS = ("dataset", "method", "quantity", "step", "value", "seeds")

_SEED_IN_LOOP = re.compile(r"[-_/ ]?seed[-_/ ]?(\d+)", re.IGNORECASE)
_NOT_VALUES = frozenset({"loop", "seed", "step"})
_NOT_SHOWN = frozenset({"epoch", "time", "seconds"})


def history_rows(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Rows of a history; a line that is cut off, as a killed job leaves it, is skipped."""
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row


def stage_and_seed(row: dict[str, Any]) -> tuple[str, int | None]:
    """What was trained, and for which seed; None where a loop trains all seeds of its job.

    The seed is the row's own, or else the one in its loop's name: `warm-up seed-3 -> ("warm-up", 3)`.
    """
    loop = str(row.get("loop", ""))
    named = _SEED_IN_LOOP.search(loop)
    seed = row.get("seed", int(named.group(1)) if named else None)
    return _SEED_IN_LOOP.sub("", loop).strip(" -_/"), seed


def logged_values(row: dict[str, Any]) -> dict[str, float]:
    """The numbers that the row logs."""
    return {
        key: float(value)
        for key, value in row.items()
        if key not in _NOT_VALUES and isinstance(value, int | float) and not isinstance(value, bool)
    }


def read_series(path: Path) -> Series:
    """The curves of the run's longest stage, thinned to POINTS steps each; curves of a single step are left out."""
    stages: dict[str, Series] = {}
    with path.open(encoding="utf-8") as file:
        for row in history_rows(file):
            stage, seed = stage_and_seed(row)
            for name, value in logged_values(row).items():
                stages.setdefault(stage, {}).setdefault(name, []).append((seed or 0, row["step"], value))
    if not stages:
        return {}
    longest = max(stages.values(), key=lambda series: max(map(len, series.values())))
    thinned = {name: _thinned(points) for name, points in longest.items()}
    return {name: points for name, points in thinned.items() if len({step for _, step, _ in points}) > 1}


def _thinned(points: list[Point]) -> list[Point]:
    steps = sorted({step for _, step, _ in points})
    wanted = {*steps[:: math.ceil(len(steps) / POINTS)], steps[-1]}
    return [point for point in points if point[1] in wanted]


def shown_value(curves: Iterable[Series]) -> str | None:
    """Which value a panel shows: `loss`, else one with "loss" in its name, else the one that most runs logged."""
    counts = Counter(name for series in curves for name in series if name not in _NOT_SHOWN)
    ranked = sorted(counts, key=lambda name: (name != "loss", "loss" not in name, -counts[name], name))
    return ranked[0] if ranked else None


def write_curves(path: Path, histories: Iterable[tuple[str, str, Path]]) -> None:
    """Write the learning curves of (data set, method, history) as a tidy CSV: one quantity a data set.

    `value` is the mean over the `seeds` (their number) that logged this step; values that are not finite are left out.
    A run without a history has no curve.
    """
    by_dataset: dict[str, list[tuple[str, Series]]] = defaultdict(list)
    for dataset, method, history in histories:
        by_dataset[dataset].append((method, read_series(history) if history.is_file() else {}))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CURVE_COLUMNS)
    for dataset, members in by_dataset.items():
        quantity = shown_value(series for _, series in members)
        values: dict[tuple[str, int], list[float]] = defaultdict(list)
        for method, series in members:
            for _, step, value in series.get(quantity or "", []):
                if math.isfinite(value):
                    values[method, step].append(value)
        for (method, step), found in sorted(values.items()):
            writer.writerow([dataset, method, quantity, step, repr(math.fsum(found) / len(found)), len(found)])
    write_text(path, buffer.getvalue())
