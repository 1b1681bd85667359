"""Figures and tables, from result files only."""

from __future__ import annotations

from tenfold.results import Results


def figures(results: Results) -> None:
    """Every figure and table of the paper's YAML for which something was run."""
    del results
