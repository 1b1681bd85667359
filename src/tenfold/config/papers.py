"""`config/papers/<slug>.yaml`: everything about one paper that is a choice or a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from tenfold.config.claims import BestOf, Claim, Comparison, MeanOf, Side, methods_of
from tenfold.config.names import DataKind, Settings, Slug
from tenfold.settings import Strict


class PaperDataset(Strict):
    """A data set as one paper uses it."""

    title: str
    kind: DataKind = Field(description="paper: the paper's own; real: other real data; synthetic: generated stand-in")
    raw: Slug | None = Field(None, description="id in config/datasets.yaml; null when prepare generates the data")
    companions: dict[Slug, Slug] = Field(
        {}, description="other raw data that prepare reads, such as pretrained weights: its name there -> its id"
    )
    prepare: Settings = Field({}, description="arguments of the paper's prepare stage")
    train: Settings = Field({}, description="training settings that differ on this data set")
    statistics: dict[str, float] = Field({}, description="counts the paper reports; prepare compares with them")

    @property
    def raws(self) -> list[str]:
        """Ids of all raw data sets that prepare reads."""
        return [*([] if self.raw is None else [self.raw]), *self.companions.values()]


class Method(Strict):
    """A method, baseline, ablation or study arm of a paper."""

    title: str
    description: str = ""
    role: Literal["method", "baseline", "ablation", "control", "study"] = "method"
    extends: Slug | None = Field(None, description="start from this method's settings")
    after: Slug | None = Field(None, description="needs the finished run of this method (same data set and seeds)")
    deterministic: bool = Field(False, description="no randomness: run for the first seed only")
    settings: Settings = {}


class Resources(Strict):
    """What one training job asks for."""

    threads: int = Field(1, ge=1)
    mem_mb: int = Field(4000, ge=1)
    minutes: int = Field(30, ge=1, description="time limit of a job on a cluster")
    gpu: int = Field(0, ge=0, le=1)


class Scale(Strict):
    """One size of the experiment."""

    datasets: list[Slug] = Field(min_length=1, description="always run; reachable with only a package registry")
    also: list[Slug] = Field([], description="run as well when the raw data is present under data/raw")
    methods: list[Slug] = Field(min_length=1)
    only: dict[Slug, list[Slug]] = Field({}, description="data set -> its methods, where not all of them run on it")
    seeds: list[int] = Field([0], min_length=1)
    seeds_per_job: int | None = Field(None, ge=1, description="null: all seeds of a method in one job")
    settings: Settings = Field({}, description="training settings of this scale")
    overrides: dict[Slug, Settings] = Field({}, description="method -> training settings at this scale")
    prepare: Settings = Field({}, description="prepare settings of this scale")
    resources: Resources = Resources()


class Metric(Strict):
    """How a metric is shown and compared."""

    title: str
    higher_is_better: bool | None = None
    format: str = Field(".4f", description="format specification of Python, such as .4f or .1%")
    tolerance: float = Field(0.0, ge=0, description="relative difference that `tenfold verify` accepts across machines")

    @field_validator("format")
    @classmethod
    def _can_format(cls, value: str) -> str:
        try:
            format(0.5, value)
        except ValueError:
            raise ValueError(f"{value!r} cannot format a number; use for example .4f, .1% or .3g") from None
        return value


class Reported(Strict):
    """A number the paper, its code or a third party reports."""

    dataset: Slug
    method: Slug
    metric: str
    value: float
    split: str = "test"
    origin: str = Field(description="table of the paper, official code, issue thread")
    label: str | None = Field(None, description="what exactly was measured, if not simply the method")


class Shown(Strict):
    """A figure or table that the paper's figures stage makes."""

    title: str
    caption: str
    source: str = Field("", description="which figure or table of the paper it stands for")


class Deviation(Strict):
    """A choice where paper, code and this suite differ."""

    what: str
    why: str
    effect: str = ""


class Command(Strict):
    """A command that the paper brings to the command line: `tenfold <name> <data set>`."""

    title: str = Field(description="what it does, for `tenfold --help`")
    method: Slug | None = Field(
        None, description="whose settings it works with; the run that this method starts from is built first"
    )


class PaperConfig(Strict):
    """`config/papers/<slug>.yaml`: everything about one paper that is a choice or a fact."""

    slug: Slug
    title: str
    authors: list[str]
    year: int
    venue: str
    links: dict[str, str] = {}
    bibtex: str
    summary: str = Field(description="what the paper says, in our words")
    defaults: Settings = Field({}, description="training settings shared by all methods")
    datasets: dict[Slug, PaperDataset] = Field(min_length=1)
    methods: dict[Slug, Method] = Field(min_length=1)
    scales: dict[Slug, Scale] = Field(min_length=1)
    metrics: dict[str, Metric]
    claims: list[Claim]
    reported: list[Reported] = []
    figures: dict[Slug, Shown] = {}
    tables: dict[Slug, Shown] = {}
    deviations: list[Deviation] = []
    commands: dict[Slug, Command] = Field({}, description="commands that the paper brings; <name>.py holds each")

    @property
    def module(self) -> str:
        """Importable name of the paper's package."""
        return "tenfold.papers." + self.slug.replace("-", "_").replace(".", "_")

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, method in self.methods.items():
            for key in ("extends", "after"):
                _known(getattr(method, key), self.methods, f"methods.{name}.{key}")
            _no_cycle(name, self.methods)
        for name, command in self.commands.items():
            _known(command.method, self.methods, f"commands.{name}.method")
        for name, scale in self.scales.items():
            where = f"scales.{name}"
            _all_known([*scale.datasets, *scale.also], self.datasets, f"{where}.datasets/also")
            _all_known(scale.methods, self.methods, f"{where}.methods")
            _all_known(scale.overrides, self.methods, f"{where}.overrides")
            for dataset, methods in scale.only.items():
                _known(dataset, self.datasets, f"{where}.only")
                _all_known(methods, self.methods, f"{where}.only.{dataset}")
        if twice := {claim.id for claim in self.claims if [other.id for other in self.claims].count(claim.id) > 1}:
            raise ValueError(f"claims: these ids are given twice: {', '.join(sorted(twice))}")
        for claim in self.claims:
            for number, comparison in enumerate(claim.comparisons):
                self._check_comparison(comparison, f"claims.{claim.id}.comparisons.{number}")
        for number, row in enumerate(self.reported):
            _known(row.dataset, self.datasets, f"reported.{number}.dataset")
            _known(row.method, self.methods, f"reported.{number}.method")
            _known(row.metric, self.metrics, f"reported.{number}.metric")
        return self

    def _check_comparison(self, comparison: Comparison, where: str) -> None:
        _known(comparison.metric, self.metrics, f"{where}.metric")
        _all_known(comparison.datasets, self.datasets, f"{where}.datasets")
        self._check_method(comparison.method, comparison.metric, f"{where}.method")
        if isinstance(side := comparison.against, Side):
            _known(side.metric, self.metrics, f"{where}.against.metric")
            _known(side.dataset, self.datasets, f"{where}.against.dataset")
            if side.method is not None:
                self._check_method(side.method, side.metric or comparison.metric, f"{where}.against.method")

    def _check_method(self, method: str | BestOf | MeanOf, compared: str, where: str) -> None:
        _all_known(methods_of(method), self.methods, where)
        if isinstance(method, BestOf):
            _known(method.metric, self.metrics, f"{where}.metric")
            chooser = method.metric or compared
            if self.metrics[chooser].higher_is_better is None:
                raise ValueError(f"{where}: metric {chooser!r} needs higher_is_better to say which is the best")


def _known(name: str | None, known: Iterable[str], where: str) -> None:
    if name is not None and name not in (known := list(known)):
        raise ValueError(f"{where}: unknown name {name!r}; known: {', '.join(known)}")


def _all_known(names: Iterable[str], known: Iterable[str], where: str) -> None:
    known = list(known)
    for name in names:
        _known(name, known, where)


def _no_cycle(name: str, methods: Mapping[str, Method]) -> None:
    for key in ("extends", "after"):
        seen, current = {name}, getattr(methods[name], key)
        while current in methods:
            if current in seen:
                raise ValueError(f"methods.{name}.{key}: the chain comes back to {current!r}")
            seen.add(current)
            current = getattr(methods[current], key)
