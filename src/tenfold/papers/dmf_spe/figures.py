"""Figures stage: every figure and table for which this scale has results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.papers.dmf_spe.drawing import laws, paths
from tenfold.papers.dmf_spe.drawing.tables import all_tables
from tenfold.plotting import style

if TYPE_CHECKING:
    from tenfold.results import Results


def figures(results: Results) -> None:
    """Draw figures 1 to 10 and write the tables."""
    with style():
        for draw in (
            paths.stages,
            paths.singular_values,
            paths.effective_rank,
            paths.hessians,
            laws.escape_law,
            laws.stage_map,
            laws.learning_rates,
            laws.optimisers,
            laws.completion,
            paths.noise,
        ):
            draw(results)
    all_tables(results)
