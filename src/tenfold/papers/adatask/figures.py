"""Figures stage: every figure and table for which this scale has results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.papers.adatask.drawing import curves, layers, synthetic
from tenfold.papers.adatask.drawing.tables import all_tables
from tenfold.plotting import style

if TYPE_CHECKING:
    from tenfold.results import Results


def figures(results: Results) -> None:
    """Draw figures 1 to 8 and write the tables."""
    with style():
        for draw in (
            layers.by_layer,
            layers.by_element,
            layers.by_step,
            layers.by_accumulator,
            synthetic.landscape,
            synthetic.quadratic,
            curves.learning,
            curves.scales,
        ):
            draw(results)
    all_tables(results)
