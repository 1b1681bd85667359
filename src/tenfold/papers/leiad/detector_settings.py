"""Settings of the unsupervised detectors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tenfold.settings import Strict


class DetectorSettings(Strict):
    """What the authors set for KPI and Yahoo; everything else of the detectors is fixed by their library."""

    isolation_trees: int = Field(1000, ge=1, description="trees of the isolation forest")
    random_cut_trees: int = Field(100, ge=1, description="trees of the robust random cut forest, at least")
    random_cut_tree_size: int = Field(200, ge=2, description="points a tree; 400 for whole curves, 50 for short series")
    spectral_residual: Literal["leiad", "microsoft"] = Field(
        "leiad", description="q = 200, z = 10 as in the authors' library, or q = 3, z = 40 and clipped as published"
    )
    seed: int = Field(0, description="of the two forests")
