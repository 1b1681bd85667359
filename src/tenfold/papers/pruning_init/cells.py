"""Names of a grid's cells: what stands in the column `split` of metrics.csv."""

from __future__ import annotations

GRID = "grid"
"""Split of numbers that summarize all cells of a seed."""
TRUSTED_GRID = "grid after more than 20 steps"
"""The same without cells whose loss fell so fast that gradient descent no longer follows its differential equation."""
TRUSTED_STEPS = 20


def theory_cell(noise: float, keep: float) -> str:
    """Cell at a noise level and a keep rate: `noise 0.2 keep 0.1`."""
    return f"noise {noise:g} {image_cell(keep)}"


def image_cell(keep: float) -> str:
    """Cell at a keep rate: `keep 0.1`."""
    return f"keep {keep:g}"
