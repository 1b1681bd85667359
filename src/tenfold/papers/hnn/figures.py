"""Figures and tables, from result files only. What a scale does not run is left out."""

from __future__ import annotations

from tenfold.papers.hnn.drawing import plots, tables
from tenfold.results import Results


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    tables.data_table(results)
    tables.hyperedge_table(results)
    tables.node_table(results)
    tables.gains_table(results)
    tables.variants_table(results)
    tables.sensitivity_table(results)
    plots.data_efficiency(results)
    plots.embeddings(results)
    plots.variance(results)
    plots.runtime(results)
