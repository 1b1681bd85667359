"""Figures and tables, from result files only. What a scale does not run is left out."""

from __future__ import annotations

from tenfold.papers.dlh.drawing import curves, levels, strips, tables
from tenfold.results import Results


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    tables.prediction_table(results)
    tables.seeds_table(results)
    tables.depth_table(results)
    tables.changes_table(results)
    tables.events_table(results)
    tables.probes_table(results)
    tables.cost_table(results)
    levels.events(results)
    levels.meaning(results)
    strips.futures(results)
    strips.colours(results)
    curves.by_frame(results)
    curves.training(results)
