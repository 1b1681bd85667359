"""The few numbers that say where a paper stands: its verdicts, and the means of what its claims compare.

`dvc metrics show` and `dvc metrics diff` read them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tenfold.claims.arms import compared
from tenfold.claims.verdict import Verdict
from tenfold.config import PaperConfig
from tenfold.evaluation import MetricRow

Means = dict[str, dict[str, dict[str, float]]]
"""Data set -> method -> metric -> mean over the seeds."""


def headline(paper: PaperConfig, rows: Iterable[MetricRow], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """`verdicts`: claim -> verdict. `means`: what the claims compare; splits other than test are named with the metric.

    A mean is taken over the seeds with a finite value; where there is none, it is left out.
    """
    wanted = compared(paper)
    values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        if (row.dataset, row.method, row.split, row.metric) in wanted and math.isfinite(row.value):
            name = row.metric if row.split == "test" else f"{row.split} {row.metric}"
            values[row.dataset, row.method, name].append(row.value)
    means: Means = {}
    for (dataset, method, name), found in sorted(values.items()):
        means.setdefault(dataset, {}).setdefault(method, {})[name] = math.fsum(found) / len(found)
    return {"verdicts": {verdict.id: verdict.verdict for verdict in verdicts}, "means": means}
