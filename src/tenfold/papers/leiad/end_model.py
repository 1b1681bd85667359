"""The end model: one classifier over all pools, refitted in every iteration (card 3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from tenfold.papers.leiad.settings import EndModelSettings


class EndModel(Protocol):
    """What the loop needs of an end model. A fit depends on its rows and labels only, not on earlier fits."""

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> None:
        """Learn from the points `rows` (n,) of the first table, labelled `labels` (n,) 0 or 1, both present."""

    def scores(self, count: int | None = None) -> list[np.ndarray]:
        """Probability of an anomaly for every point of the first `count` tables (all of them), float64."""


def build(tables: Sequence[np.ndarray], settings: EndModelSettings, seed: int) -> EndModel:
    """The end model that the settings name, over these tables of inputs (N, F)."""
    if settings.kind == "network":
        from tenfold.papers.leiad.perceptron import Perceptron

        return Perceptron(tables, settings, seed)
    return Trees(tables, settings)


class Trees:
    """LightGBM on one thread, without randomness.

    The first table is binned once, with all its points, and every fit takes rows of it: binning the rows of each fit
    anew, as the authors' code does, would cost more than growing the trees.
    """

    def __init__(self, tables: Sequence[np.ndarray], settings: EndModelSettings) -> None:
        import lightgbm

        self._tables = tables
        self._rounds = settings.rounds
        self._options = {
            "objective": "binary",
            "is_unbalance": True,
            "num_leaves": settings.leaves,
            "max_bin": settings.bins,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "verbosity": -1,
        }
        labels = np.zeros(len(tables[0]))  # a data set must have some; every fit sets its own
        self._binned = lightgbm.Dataset(tables[0], label=labels, params=self._options, free_raw_data=False).construct()
        self._booster: lightgbm.Booster | None = None

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> None:
        """Grow trees on the points `rows`."""
        import lightgbm

        order = np.argsort(rows)  # LightGBM takes rows in ascending order
        chosen = self._binned.subset(rows[order], params=self._options).construct()
        chosen.set_label(labels[order])
        self._booster = lightgbm.train(self._options, chosen, num_boost_round=self._rounds)

    def scores(self, count: int | None = None) -> list[np.ndarray]:
        """Probability of an anomaly for every point of the first `count` tables."""
        if self._booster is None:
            raise ValueError("the end model has not been fitted yet")
        return [np.asarray(self._booster.predict(table, num_threads=1)) for table in self._tables[:count]]
