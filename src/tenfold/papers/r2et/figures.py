"""Figures and tables, from result files only. What a scale does not run is left out."""

from __future__ import annotations

from tenfold.papers.r2et.drawing import maps, plots, statistics, tables
from tenfold.results import Results


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    tables.data_table(results)
    tables.main_table(results)
    tables.performance_table(results)
    tables.explanation_table(results)
    tables.budget_table(results)
    statistics.faithfulness_table(results)
    statistics.significance_table(results)
    statistics.grid_table(results)
    statistics.cost_table(results)
    maps.overlap(results)
    maps.images(results)
    plots.thickness(results)
    plots.sensitivity(results)
    plots.budget(results)
