"""Typed settings: what `config/*.yaml` may say, and what it means.

Every model forbids unknown keys. The JSON schemas under `config/schemas/` are generated from these models.
Loading is strict and early: a mistake is reported with its file, its key and what would be allowed there.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, StringConstraints, field_validator, model_validator

from tenfold.errors import ConfigError
from tenfold.paths import CONFIG
from tenfold.settings import Strict, validate

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]*$")]
Settings = dict[str, Any]
OVERRIDES = "TENFOLD_OVERRIDES"
DataKind = Literal["paper", "real", "synthetic"]


# ---------------------------------------------------------------------------------------------- suite


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


# ------------------------------------------------------------------------------------------- datasets


class RawFile(Strict):
    """One file of a source, and the name it gets under data/raw/<dataset>/."""

    path: str = Field(description="path inside the mirror, the package or the archive; or the address's last part")
    name: str | None = Field(None, description="name under data/raw/<dataset>/; the path's last part when left out")
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="null where the publisher gives none")
    size: int | None = Field(None, ge=0, description="bytes")

    @field_validator("path", "name")
    @classmethod
    def _stays_inside(cls, value: str | None) -> str | None:
        if value is not None and (value != PurePosixPath(value).as_posix() or value.startswith("/") or "\\" in value):
            raise ValueError(f"{value!r} must be a plain relative path with forward slashes")
        if value is not None and (value == "." or ".." in value.split("/")):
            raise ValueError(f"{value!r} leaves its folder")
        return value

    @model_validator(mode="after")
    def _not_the_manifest(self) -> Self:
        if self.target == "manifest.json":
            raise ValueError("manifest.json is the name of the suite's own file; give another one under name")
        return self

    @property
    def target(self) -> str:
        return self.name or self.path.rsplit("/", 1)[-1]


class Source(Strict):
    """One place a data set can come from. Sources are tried in the order they are listed."""

    type: Literal["embedded", "local", "mirror", "url", "pypi", "npm", "debian", "generator"]
    reader: str = Field(description="<module>.<function> under tenfold.data.readers that understands these files")
    files: list[RawFile] = []
    url: str | None = Field(
        None, pattern=r"^https?://", description="url: address of a file or an archive, or of a folder (ends with /)"
    )
    package: str | None = Field(
        None, pattern=r"^[@A-Za-z0-9][\w@./+-]*$", description="pypi, npm, debian: name of the package"
    )
    version: str | None = Field(
        None,
        pattern=r"^[0-9A-Za-z][\w.:~+-]*$",
        description="pypi, npm, debian: exact version (debian: may be left out)",
    )
    archive_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="of the archive or package itself")
    path: str | None = Field(None, description="local: folder of your own files")
    generator: str | None = Field(None, description="generator: module:function that writes the files")
    settings: Settings = Field({}, description="arguments of the reader; generator: arguments of the generator instead")

    @field_validator("settings")
    @classmethod
    def _fits_into_a_manifest(cls, settings: Settings) -> Settings:
        # YAML reads 2019-01-01 as a date; a reader and the manifest get the text that the user typed.
        plain = json.loads(json.dumps(settings, default=_date_as_text))
        try:
            json.dumps(plain, allow_nan=False)
        except ValueError:
            raise ValueError("numbers must be finite; write null for 'without limit'") from None
        return plain

    @model_validator(mode="after")
    def _fields_of_the_type(self) -> Self:
        needed = {
            "url": ["url"], "pypi": ["package", "version"], "npm": ["package", "version"],
            "debian": ["package"], "generator": ["generator"], "local": ["path"],
        }.get(self.type, [])  # fmt: skip
        if missing := [key for key in needed if getattr(self, key) is None]:
            raise ValueError(f"a source of type {self.type!r} needs {', '.join(missing)}")
        if self.type != "generator" and not self.files:
            raise ValueError(f"a source of type {self.type!r} needs at least one entry under files")
        targets = [file.target for file in self.files]
        if twice := sorted({target for target in targets if targets.count(target) > 1}):
            raise ValueError(f"two files would get the same name: {', '.join(twice)}; give one another name")
        return self


def _date_as_text(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise ValueError(f"{value!r} is not a plain YAML value")


class RawDataset(Strict):
    """One raw data set of `config/datasets.yaml`."""

    title: str
    licence: str = Field(description="name of the licence or the terms, as the publisher states them")
    redistributable: bool = Field(False, description="may this data be pushed to a shared DVC remote")
    homepage: str | None = None
    citation: str | None = None
    size: int | None = Field(None, ge=0, description="bytes to fetch, roughly")
    gated: str | None = Field(None, description="steps a person has to take to get it (registration, licence form)")
    sources: list[Source] = Field(min_length=1)


# --------------------------------------------------------------------------------------------- papers


class PaperDataset(Strict):
    """A data set as one paper uses it."""

    title: str
    kind: DataKind = Field(description="paper: the paper's own; real: other real data; synthetic: generated stand-in")
    raw: Slug | None = Field(None, description="id in config/datasets.yaml; null when prepare generates the data")
    prepare: Settings = Field({}, description="arguments of the paper's prepare stage")
    train: Settings = Field({}, description="training settings that differ on this data set")
    statistics: dict[str, float] = Field({}, description="counts the paper reports; prepare compares with them")


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


class BestOf(Strict):
    """The best of several methods, chosen afresh for every data set and seed without looking at the compared value.

    With `split` or `metric` set, the choice is made by that value at the same seed, as one selects a model on a
    validation split. With neither, it is made by the compared metric over the *other* seeds, so that luck at one seed
    cannot both choose a method and count in its favour; a deterministic method has one value, and is chosen by it.
    On the baseline side every candidate must be there: a best baseline is none when the best of them went missing.
    An optimum inside a sweep reads: the best of the inner settings is higher than the best of the two ends.
    """

    best_of: list[Slug] = Field(min_length=2, description="the methods to choose from; a tie goes to the first")
    split: str | None = Field(None, description="choose on this split; null: the compared one")
    metric: str | None = Field(None, description="choose by this metric; null: the compared one")


class Side(Strict):
    """The baseline side of a comparison; what is left out is as on the first side."""

    method: Slug | BestOf | None = Field(None, description="a method, or the best of several")
    split: str | None = Field(None, description="the split the metric is taken on")
    metric: str | None = Field(None, description="the metric")
    dataset: Slug | None = Field(None, description="one fixed data set, whatever the first side's is")


class Comparison(Strict):
    """One testable statement: `method` is higher (lower ...) than `against` in `metric`, by more than `margin`."""

    metric: str = Field(description="key under metrics")
    method: Slug | BestOf = Field(description="a method, or the best of several")
    split: str = Field("test", description="the split the metric is taken on")
    datasets: list[Slug] = Field([], description="data sets to pool; empty: every one that has the metric")
    against: Side | float = Field(description="another method, split or metric; or a fixed value")
    direction: Literal["higher", "lower", "equal", "not lower", "not higher"] = Field(
        description="higher, lower: by more than the margin; equal: within the margin; "
        "not lower, not higher: worse by at most the margin"
    )
    margin: float = Field(0.0, ge=0, description="smallest difference that counts; for the other three the tolerance")
    relative: bool = Field(False, description="margin is a share of the baseline's value")
    rule: Literal["interval", "every"] = Field("interval", description="interval over seeds, or every pair must agree")
    share: float = Field(1.0, gt=0, le=1, description="every: share of the pairs that must agree, such as 0.9")
    unit: Literal["seed", "sample"] = Field("seed", description="what is resampled: seeds, or seeds and samples")
    paired: bool = Field(True, description="sample: the same samples stand on both sides")

    @model_validator(mode="after")
    def _can_be_tested(self) -> Self:
        if self.unit == "sample" and self.rule == "every":
            raise ValueError("rule 'every' looks at whole runs: use unit 'seed', or rule 'interval'")
        if self.share < 1 and self.rule != "every":
            raise ValueError("share belongs to rule 'every'")
        if self.direction == "equal" and self.rule == "interval" and self.margin == 0:
            raise ValueError("no interval fits into a margin of 0: give a margin, or test equality by rule 'every'")
        if not self.paired and (self.unit == "seed" or isinstance(self.against, float)):
            raise ValueError("paired: false compares two groups of samples: it needs unit 'sample' and two sides")
        if isinstance(self.against, Side):
            given = {key: value for key in Side.model_fields if (value := getattr(self.against, key)) is not None}
            first = {"method": self.method, "split": self.split, "metric": self.metric}
            first |= {"dataset": self.datasets[0]} if len(self.datasets) == 1 else {}
            if all(first.get(key) == value for key, value in given.items()):
                raise ValueError("against: both sides are the same; name another method, split, metric or data set")
        return self


def methods_of(method: str | BestOf) -> list[str]:
    """The methods that one side of a comparison names."""
    return method.best_of if isinstance(method, BestOf) else [method]


class Claim(Strict):
    """One claim of the paper, or of this suite, and how it is tested. All comparisons must hold."""

    id: str = Field(description="short name, unique in the paper, such as C1")
    title: str = Field(description="a few words for tables")
    statement: str = Field(description="the claim in our words")
    source: str = Field(description="where in the paper: table, figure, section; or 'ours'")
    ours: bool = Field(False, description="a statement this suite adds; the paper does not make it")
    comparisons: list[Comparison] = Field([], description="what must hold, all of it")
    minimum_seeds: int = Field(1, ge=1, description="seeds per data set below which there is no verdict")
    not_tested: str | None = Field(None, description="why it is not tested at all")
    note: str = Field("", description="shown beside the verdict")

    @model_validator(mode="after")
    def _testable_or_said_why(self) -> Self:
        if bool(self.comparisons) == bool(self.not_tested):
            raise ValueError("a claim needs either comparisons or not_tested, and not both")
        return self


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

    def _check_method(self, method: str | BestOf, compared: str, where: str) -> None:
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


# -------------------------------------------------------------------------------------------- loading


class Configuration:
    """The loaded configuration: the suite, the data set registry, and the papers, each read once when first needed."""

    def __init__(self, root: Path = CONFIG, **overrides: Any) -> None:
        self.root = root
        raw = _read_yaml(root / "suite.yaml") | _environment_overrides()
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
        registry: dict[str, RawDataset] = {}
        for path in [self.root / "datasets.yaml", *sorted((self.root / "datasets").glob("*.yaml"))]:
            for name, entry in _read_yaml(path).items():
                if name in registry:
                    raise ConfigError(f"{path}: {name}: this data set is already defined in another file")
                registry[name] = validate(RawDataset, entry, path, name)
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
            paper = validate(PaperConfig, _read_yaml(path), path)
            if paper.slug != slug:
                raise ConfigError(f"{path}: slug: is {paper.slug!r}, must be the file's name {slug!r}")
            for name, dataset in paper.datasets.items():
                if dataset.raw is not None and dataset.raw not in self.datasets:
                    raise ConfigError(
                        f"{path}: datasets.{name}.raw: unknown data set {dataset.raw!r}; "
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


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        content = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of keys to values")
    return content


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML that refuses a key given twice (plain YAML keeps the last one silently)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 reads 1e-3 as text; papers are full of such numbers.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+0123456789."),
)
