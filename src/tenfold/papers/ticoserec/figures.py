"""Figures and tables of TiCoSeRec. What a scale does not run is left out."""

from __future__ import annotations

from tenfold import plotting
from tenfold.papers.ticoserec.drawing import ablations, sequences, tables, view_uniformity
from tenfold.results import Results


def figures(results: Results) -> None:
    """Figures 1 to 6 and tables 1 to 5; see `figures:` and `tables:` in the paper's YAML."""
    made_tables = {
        "t1-data": tables.data_table(results),
        "t2-halves": tables.halves_table(results),
        "t3-comparison": tables.comparison(results),
        "t4-ablation": ablations.ablation_table(results),
        "t5-published-code": ablations.published_code_table(results),
    }
    for name, table in made_tables.items():
        if table is not None:
            results.save_table(name, table)
    with plotting.style():
        made_figures = {
            "f1-examples": sequences.examples(results),
            "f2-uniformity": sequences.uniformity(results),
            "f3-sigma": ablations.sigma_sweep(results),
            "f4-curves": ablations.curves(results),
            "f5-view-uniformity": view_uniformity.boxes(results),
            "f6-published-code": ablations.published_code(results),
        }
        for name, made in made_figures.items():
            if made is not None:
                results.save_figure(name, *made)
