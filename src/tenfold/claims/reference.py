"""Which rows of metrics.csv a committed reference needs: few enough to commit, enough to tell that a rebuild differs.

Verdicts rest on what the claims compare, so those rows are kept for every seed. Everything else, which tables and
figures show, is kept for one seed of each method and data set: a change of code or numbers shows there as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenfold.claims.arms import compared
from tenfold.config import PaperConfig
from tenfold.evaluation import MetricRow


def reference_rows(paper: PaperConfig, rows: Iterable[MetricRow]) -> list[MetricRow]:
    """The rows that claims compare, and of the others those of the first seed of their data set and method."""
    everything = list(rows)
    claimed = compared(paper)
    first: dict[tuple[str, str], int] = {}
    for row in everything:
        job = (row.dataset, row.method)
        first[job] = min(first.get(job, row.seed), row.seed)
    return [
        row
        for row in everything
        if row.seed == first[row.dataset, row.method] or (row.dataset, row.method, row.split, row.metric) in claimed
    ]
