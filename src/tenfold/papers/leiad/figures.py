"""Figures and tables, from result files only. What a scale does not run is left out."""

from __future__ import annotations

from tenfold.papers.leiad.drawing import diagram, functions, plots, tables
from tenfold.results import Results


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    tables.data_table(results)
    tables.initial_table(results)
    tables.curve_table(results)
    tables.ablation_table(results)
    tables.cost_table(results)
    tables.efficiency_table(results)
    tables.alarm_table(results)
    tables.notebook_table(results)
    diagram.system(results)
    plots.parts(results)
    plots.ablations(results)
    plots.everything(results)
    functions.efficiency(results)
    functions.window(results)
