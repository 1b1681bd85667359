"""The configuration as a whole: loading, overriding, looking up."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from tenfold.config.datasets import RawDataset
from tenfold.config.papers import PaperConfig, Scale
from tenfold.config.reading import read_yaml
from tenfold.config.suite import SuiteConfig
from tenfold.errors import ConfigError
from tenfold.paths import CONFIG
from tenfold.settings import validate

OVERRIDES = "TENFOLD_OVERRIDES"


class Configuration:
    """The loaded configuration: the suite, the data set registry, and the papers, each read once when first needed."""

    def __init__(self, root: Path = CONFIG, **overrides: Any) -> None:
        self.root = root
        raw = read_yaml(root / "suite.yaml") | _environment_overrides()
        raw.update({key: value for key, value in overrides.items() if value is not None})
        self.suite = validate(SuiteConfig, raw, root / "suite.yaml")
        self._papers: dict[str, PaperConfig] = {}
        known = self.known_papers
        for slug in [] if self.suite.papers == "all" else self.suite.papers:
            if slug not in known:
                raise ConfigError(f"{root / 'suite.yaml'}: papers: unknown paper {slug!r}; known: {', '.join(known)}")

    @cached_property
    def known_papers(self) -> list[str]:
        """Slugs of all papers that have a file under config/papers."""
        return sorted(path.stem for path in (self.root / "papers").glob("*.yaml"))

    @property
    def selected_papers(self) -> list[str]:
        """Slugs of the papers this build covers."""
        return self.known_papers if self.suite.papers == "all" else list(self.suite.papers)

    @cached_property
    def datasets(self) -> dict[str, RawDataset]:
        """The registry of raw data sets: config/datasets.yaml and any further file in config/datasets/."""
        return {name: entry for name, (entry, _) in self._registry.items()}

    @cached_property
    def dataset_files(self) -> dict[str, Path]:
        """Id of a raw data set -> the file that defines it."""
        return {name: path for name, (_, path) in self._registry.items()}

    @cached_property
    def _registry(self) -> dict[str, tuple[RawDataset, Path]]:
        registry: dict[str, tuple[RawDataset, Path]] = {}
        for path in [self.root / "datasets.yaml", *sorted((self.root / "datasets").glob("*.yaml"))]:
            for name, entry in read_yaml(path).items():
                if name in registry:
                    raise ConfigError(f"{path}: {name}: this data set is already defined in another file")
                registry[name] = validate(RawDataset, entry, path, name), path
        return registry

    @property
    def mirrors(self) -> list[str]:
        """Mirrors in the order they are tried: TENFOLD_MIRROR (separated like PATH), then config/suite.yaml."""
        from_environment = os.environ.get("TENFOLD_MIRROR", "").strip()
        if from_environment.startswith(("http://", "https://")):
            return [from_environment, *self.suite.mirrors]
        return [*filter(None, from_environment.split(os.pathsep)), *self.suite.mirrors]

    def paper(self, slug: str) -> PaperConfig:
        """The settings of one paper. Raises ConfigError for an unknown slug or an invalid file."""
        if slug not in self.known_papers:
            raise ConfigError(f"unknown paper {slug!r}; known: {', '.join(self.known_papers)}")
        if slug not in self._papers:
            path = self.root / "papers" / f"{slug}.yaml"
            paper = validate(PaperConfig, read_yaml(path), path)
            if paper.slug != slug:
                raise ConfigError(f"{path}: slug: is {paper.slug!r}, must be the file's name {slug!r}")
            for name, dataset in paper.datasets.items():
                for raw in dataset.raws:
                    if raw not in self.datasets:
                        key = "raw" if raw == dataset.raw else "companions"
                        raise ConfigError(
                            f"{path}: datasets.{name}.{key}: unknown data set {raw!r}; "
                            f"known in datasets.yaml: {', '.join(self.datasets)}"
                        )
            self._papers[slug] = paper
        return self._papers[slug]

    def scale(self, slug: str) -> Scale:
        """The settings of the selected scale for one paper. Raises ConfigError when the paper does not have it."""
        scales = self.paper(slug).scales
        if self.suite.scale not in scales:
            raise ConfigError(f"unknown scale {self.suite.scale!r}; {slug} has: {', '.join(scales)}")
        return scales[self.suite.scale]


def _environment_overrides() -> dict[str, Any]:
    """Keys of suite.yaml that the Snakefile hands to its jobs (`snakemake --config key=value`)."""
    return json.loads(os.environ.get(OVERRIDES, "{}"))
