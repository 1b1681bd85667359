"""Typed settings: what `config/*.yaml` may say, and what it means.

Every model forbids unknown keys. The JSON schemas under `config/schemas/` are generated from these models.
Loading is strict and early: a mistake is reported with its file, its key and what would be allowed there.
"""

from tenfold.config.claims import BestOf, Claim, Comparison, MeanOf, Side, methods_of
from tenfold.config.configuration import OVERRIDES, Configuration
from tenfold.config.datasets import RawDataset, RawFile, Source
from tenfold.config.names import DataKind, Settings, Slug
from tenfold.config.papers import (
    Command,
    Deviation,
    Method,
    Metric,
    PaperConfig,
    PaperDataset,
    Reported,
    Resources,
    Scale,
    Shown,
)
from tenfold.config.suite import SuiteConfig, Tracking

__all__ = [
    "OVERRIDES",
    "BestOf",
    "Claim",
    "Command",
    "Comparison",
    "Configuration",
    "DataKind",
    "Deviation",
    "MeanOf",
    "Method",
    "Metric",
    "PaperConfig",
    "PaperDataset",
    "RawDataset",
    "RawFile",
    "Reported",
    "Resources",
    "Scale",
    "Settings",
    "Shown",
    "Side",
    "Slug",
    "Source",
    "SuiteConfig",
    "Tracking",
    "methods_of",
]
