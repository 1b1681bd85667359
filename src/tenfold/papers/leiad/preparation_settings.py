"""Settings of leiad's prepare stage."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tenfold.papers.leiad.detector_settings import DetectorSettings
from tenfold.settings import Strict


class Prepare(Strict):
    """Which series, how they are split, and what is computed of each."""

    split: Literal["paper", "series", "curve"] = Field(
        "paper",
        description="paper: the publisher's train and test; series: drawn anew for each seed; "
        "curve: drawn so that no curve (folder, family) is in both",
    )
    train_series: int | None = Field(None, ge=1, description="drawn for each seed's pool; null: all of them")
    test_series: int | None = Field(None, ge=1, description="drawn for each seed's test; null: all of them")
    test_share: float = Field(0.25, gt=0, lt=1, description="split series or curve: share of test where no number says")
    shortest: int = Field(1, ge=1, description="points that a series must have to take part")
    longest: int | None = Field(None, ge=1, description="points that it may have; null: any number")
    first_points: int | None = Field(None, ge=1, description="longer series are cut to their first points; null: never")
    detectors: DetectorSettings = DetectorSettings()

    @model_validator(mode="after")
    def _some_length_is_left(self) -> Self:
        if self.longest is not None and self.longest < self.shortest:
            raise ValueError(f"longest: {self.longest} is less than shortest, {self.shortest}")
        return self
