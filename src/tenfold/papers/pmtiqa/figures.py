"""Figures stage: every figure and table for which this scale has results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.papers.pmtiqa.drawing import curves, images
from tenfold.papers.pmtiqa.drawing.tables import all_tables
from tenfold.plotting import style

if TYPE_CHECKING:
    from tenfold.results import Results


def figures(results: Results) -> None:
    """Draw figures 1 to 7 and write the tables."""
    with style():
        for draw in (
            curves.schedule,
            curves.training,
            images.scatter,
            images.by_distortion,
            curves.units,
            images.classes,
            images.ladder,
        ):
            draw(results)
    all_tables(results)
