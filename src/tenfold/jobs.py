"""From configuration to work: which data sets, jobs and settings a scale asks for. Light: the Snakefile imports it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tenfold import codegraph, paths
from tenfold.config import Configuration, Method, PaperConfig, Scale, Settings
from tenfold.data.manifest import is_present
from tenfold.errors import ConfigError
from tenfold.provenance import digest_of
from tenfold.settings import validate
from tenfold.training.job import Job, block_label


class Plan:
    """The work of one paper at the configuration's scale."""

    def __init__(self, configuration: Configuration, slug: str) -> None:
        self.configuration = configuration
        self.paper = configuration.paper(slug)
        self.scale: Scale = configuration.scale(slug)
        self.scale_name = configuration.suite.scale
        self.seeds = tuple(configuration.suite.seeds or self.scale.seeds)
        self._train_settings: dict[tuple[str, str], Settings] = {}

    @property
    def slug(self) -> str:
        return self.paper.slug

    def datasets(self) -> list[str]:
        """Data sets of this scale: those that always run, and of the others those that are here."""
        return [*self.scale.datasets, *(name for name in self._others() if self._is_here(name))]

    def absent_datasets(self) -> list[str]:
        """Data sets of `also` that are not here."""
        return [name for name in self._others() if not self._is_here(name)]

    def _others(self) -> list[str]:
        return [name for name in self.scale.also if name not in self.scale.datasets]

    def _is_here(self, dataset: str) -> bool:
        """Whether the raw data is under data/raw, or finished runs on it are what the configuration asks for.

        The latter is so after `dvc pull`, where a licence keeps the raw data from being shared.
        """
        if all(is_present(paths.raw(raw)) for raw in self.paper.datasets[dataset].raws):
            return True
        codes = set()
        for method, seeds in self._work(dataset):
            record = _record(paths.run(self.scale_name, self.slug, dataset, method, block_label(seeds)))
            if not record or record["settings_digest"] != self.job(dataset, method, seeds).digest:
                return False
            codes.add(record["code_digest"])
        return codes == {codegraph.code_digest(f"{self.paper.module}.train")}

    def _work(self, dataset: str) -> list[tuple[str, tuple[int, ...]]]:
        """Methods and blocks of seeds of a data set."""
        return [(method, seeds) for method in self.methods(dataset) for seeds in self.blocks(method)]

    def methods(self, dataset: str) -> list[str]:
        """Methods that run on a data set at this scale."""
        return list(self.scale.only.get(dataset, self.scale.methods))

    def blocks(self, method: str) -> list[tuple[int, ...]]:
        """The seeds of a method, cut into blocks of one job each."""
        seeds = self.seeds[:1] if self.paper.methods[method].deterministic else self.seeds
        size = self.scale.seeds_per_job or len(seeds)
        return [seeds[start : start + size] for start in range(0, len(seeds), size)]

    def jobs(self) -> list[Job]:
        """Every training job of the paper, in the order of the configuration."""
        return [self.job(dataset, *work) for dataset in self.datasets() for work in self._work(dataset)]

    def job(self, dataset: str, method: str, seeds: tuple[int, ...]) -> Job:
        """One job with its settings resolved and checked. Raises ConfigError for unknown names."""
        for kind, name, known in (
            ("data set", dataset, self.paper.datasets), ("method", method, self.paper.methods),
        ):  # fmt: skip
            if name not in known:
                raise ConfigError(f"{self.slug}: unknown {kind} {name!r}; known: {', '.join(known)}")
        return Job(
            scale=self.scale_name,
            paper=self.slug,
            dataset=dataset,
            method=method,
            seeds=seeds,
            settings=self.train_settings(dataset, method),
            data_kind=self.paper.datasets[dataset].kind,
            after=self.paper.methods[method].after,
        )

    def train_settings(self, dataset: str, method: str) -> Settings:
        """Settings of a job; later layers win: paper, data set, method and what it extends, scale, scale's override."""
        if (dataset, method) not in self._train_settings:  # a build asks several times for each of a thousand jobs
            self._train_settings[dataset, method] = self._resolved(dataset, method)
        return self._train_settings[dataset, method]

    def _resolved(self, dataset: str, method: str) -> Settings:
        layers = [
            self.paper.defaults,
            self.paper.datasets[dataset].train,
            *(layer.settings for layer in reversed(_lineage(self.paper, method))),
            self.scale.settings,
            *(self.scale.overrides.get(name, {}) for name in reversed(_lineage_names(self.paper, method))),
        ]
        return self._checked("Train", _merged(layers), f"settings of {method} on {dataset} at scale {self.scale_name}")

    def prepare_settings(self, dataset: str) -> Settings:
        """Settings of a data set's prepare stage at this scale."""
        layers = [self.paper.datasets[dataset].prepare, self.scale.prepare]
        return self._checked("Prepare", _merged(layers), f"datasets.{dataset}.prepare")

    def prepare_digest(self, dataset: str) -> str:
        """Digest of what the configuration says about preparing a data set."""
        return digest_of({"settings": self.prepare_settings(dataset), "seeds": list(self.seeds)})

    def jobs_digest(self) -> str:
        """Digest of which jobs the paper has at this scale."""
        return digest_of([job.name for job in self.jobs()])

    def outputs_digest(self) -> str:
        """Digest of the parts of the paper's YAML that figures, tables and claims show."""
        shown = self.paper.model_dump(
            mode="json",
            include={"datasets": {"__all__": {"title", "kind"}}, "methods": {"__all__": {"title", "role"}},
                     "metrics": True, "reported": True, "figures": True, "tables": True},
        )  # fmt: skip
        return digest_of({"shown": shown, "jobs": self.jobs_digest()})

    def claims_digest(self) -> str:
        """Digest of the paper's claims and of the planned jobs."""
        claims = [claim.model_dump(mode="json") for claim in self.paper.claims]
        return digest_of({"claims": claims, "jobs": self.jobs_digest()})

    def validate(self) -> None:
        """Check the settings of every job and data set of this scale. Raises ConfigError."""
        for dataset in [*self.scale.datasets, *self.scale.also]:
            self.prepare_settings(dataset)
            for method in self.methods(dataset):
                self.train_settings(dataset, method)

    def _checked(self, model: str, settings: Settings, where: str) -> Settings:
        schema = getattr(_settings_module(self.paper), model)
        file = paths.relative(self.configuration.root / "papers" / f"{self.slug}.yaml")
        return validate(schema, settings, file, where).model_dump(mode="json")


def plans(configuration: Configuration) -> Iterator[Plan]:
    """A plan for each selected paper."""
    for slug in configuration.selected_papers:
        yield Plan(configuration, slug)


def raw_datasets(configuration: Configuration) -> list[str]:
    """Ids of the raw data sets that the selected papers use at this scale, in order, each once."""
    wanted: dict[str, None] = {}
    for plan in plans(configuration):
        for name in [*plan.scale.datasets, *plan.scale.also]:
            wanted |= dict.fromkeys(plan.paper.datasets[name].raws)
    return list(wanted)


def required_raw_datasets(configuration: Configuration) -> list[str]:
    """Ids of the raw data sets without which the scale cannot be built."""
    return list(
        {
            raw: None
            for plan in plans(configuration)
            for name in plan.scale.datasets
            for raw in plan.paper.datasets[name].raws
        }
    )


def _record(directory: Path) -> dict[str, Any]:
    """run.json of a finished run; empty when there is none."""
    try:
        return json.loads((directory / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _lineage_names(paper: PaperConfig, method: str) -> list[str]:
    """The method and what it extends, nearest first."""
    names = [method]
    while parent := paper.methods[names[-1]].extends:
        names.append(parent)
    return names


def _lineage(paper: PaperConfig, method: str) -> list[Method]:
    return [paper.methods[name] for name in _lineage_names(paper, method)]


def _merged(layers: Sequence[Mapping[str, Any]]) -> Settings:
    """Layers of settings on top of each other; nested mappings are merged, everything else is replaced."""
    result: Settings = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            result[key] = _merged([below, value]) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _settings_module(paper: PaperConfig) -> Any:
    try:
        return importlib.import_module(f"{paper.module}.settings")
    except ModuleNotFoundError as error:
        folder = Path("src", *paper.module.split("."))
        raise ConfigError(f"paper {paper.slug!r} has no code: {folder}/settings.py is missing ({error})") from error
