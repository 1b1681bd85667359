"""Figures and tables, from result files only. What a scale does not run is left out."""

from __future__ import annotations

from tenfold.papers.meaformer.drawing import comparisons, plots, tables, weights
from tenfold.results import Results


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    tables.data_table(results)
    tables.result_tables(results)
    tables.unsupervised_table(results)
    comparisons.ablation_table(results)
    comparisons.noise_table(results)
    comparisons.settings_table(results)
    tables.efficiency_table(results)
    comparisons.ablation_bars(results)
    plots.low_resource(results)
    plots.efficiency(results)
    plots.learning(results)
    weights.distributions(results)
    weights.pictures(results)
    weights.cases(results)
