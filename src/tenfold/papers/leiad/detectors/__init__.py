"""The unsupervised detectors (card 3.1): each gives every point of one series a score, higher where it is odder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenfold.papers.leiad.detector_settings import DetectorSettings
from tenfold.papers.leiad.detectors import (
    decomposition,
    isolation_forest,
    luminol,
    random_cut_forest,
    spectral_residual,
)
from tenfold.training.seeding import numpy_generator

DETECTORS = ("isolation-forest", "spectral-residual", "decomposition", "luminol", "random-cut-forest")
"""In the order of the columns of `scores`."""


def scores(name: str, values: np.ndarray, settings: DetectorSettings) -> np.ndarray:
    """Scores (n, 5) float32 of a series (n,), each column scaled to [0, 1]; all 0 where a detector tells no difference.

    The forests draw from the settings' seed and the series' name, so that a series has the same scores in any company.
    """
    columns = [detect(values) for detect in _detectors(name, settings).values()]
    return np.stack([scaled(column) for column in columns], axis=1).astype(np.float32)


def scaled(column: np.ndarray) -> np.ndarray:
    """(s - min) / (max - min), or 0 where all are equal."""
    span = column.max() - column.min()
    return (column - column.min()) / span if span > 0 else np.zeros_like(column)


def _detectors(name: str, settings: DetectorSettings) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    def isolation(values: np.ndarray) -> np.ndarray:
        generator = numpy_generator(settings.seed, "isolation-forest", name)
        return isolation_forest.score(values, generator, trees=settings.isolation_trees)

    def random_cuts(values: np.ndarray) -> np.ndarray:
        generator = numpy_generator(settings.seed, "random-cut-forest", name)
        return random_cut_forest.score(
            values, generator, trees=settings.random_cut_trees, tree_size=settings.random_cut_tree_size
        )

    residual = {"leiad": spectral_residual.score, "microsoft": spectral_residual.score_of_microsoft}
    return {
        "isolation-forest": isolation,
        "spectral-residual": residual[settings.spectral_residual],
        "decomposition": decomposition.score,
        "luminol": luminol.score,
        "random-cut-forest": random_cuts,
    }
