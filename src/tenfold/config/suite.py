"""`config/suite.yaml`: what a user edits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tenfold.config.names import Slug
from tenfold.settings import Strict


class Tracking(Strict):
    """Where `tenfold track` writes."""

    uri: str | None = Field(None, description="MLflow tracking address; null means a SQLite file under results/")
    experiment_prefix: str = Field("tenfold", description="experiments are named <prefix>/<paper>")


class SuiteConfig(Strict):
    """`config/suite.yaml`: what a user edits."""

    scale: str = Field("quick", description="smoke, quick, standard, paper, or a scale of your own")
    papers: Literal["all"] | list[Slug] = Field("all", description="slugs of the papers to rebuild")
    device: str = Field(
        "auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto picks CUDA, then MPS, then CPU"
    )
    seeds: list[int] | None = Field(None, description="replaces the seeds of every scale when set")
    mirrors: list[str] = Field([], description="folders or http(s) addresses that hold raw files, tried in order")
    tracking: Tracking = Tracking()
