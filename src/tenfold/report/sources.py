"""The data a paper's results rest on: kind, licence, where it came from, and its counts beside the paper's."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenfold import paths
from tenfold.config import DataKind
from tenfold.errors import ResultError
from tenfold.files import read_json
from tenfold.jobs import Plan

KINDS: dict[DataKind, tuple[str, str]] = {
    "paper": ("paper’s own", "The data set (or the generator) that the paper itself uses."),
    "real": ("real stand-in", "Other real data in place of the paper’s, which cannot be had here."),
    "synthetic": ("synthetic stand-in", "Generated data in place of the paper’s, which cannot be had here."),
}
"""Kind -> its label and what it means."""


@dataclass(frozen=True)
class Statistic:
    """One count: here, and in the paper; `difference` is relative to the paper's."""

    name: str
    here: float | None
    reported: float | None

    @property
    def difference(self) -> float | None:
        if self.here is None or not self.reported:
            return None
        return self.here / self.reported - 1


@dataclass(frozen=True)
class DatasetView:
    """One data set of a paper at this scale."""

    slug: str
    title: str
    kind: DataKind
    used: bool
    """False for the paper's own data sets that this scale runs only when they are present."""
    licence: str = "generated here"
    homepage: str | None = None
    citation: str | None = None
    gated: str | None = None
    origin: str = ""
    size_mb: float | None = None
    digest: str | None = None
    companions: list[str] = field(default_factory=list)
    """Titles and licences of what prepare reads beside it."""
    statistics: list[Statistic] = field(default_factory=list)


def dataset_views(plan: Plan) -> list[DatasetView]:
    """The data sets of this scale, those that run first, then those of `also` that are absent."""
    used = plan.datasets()
    return [_view(plan, name, name in used) for name in [*used, *(n for n in plan.scale.also if n not in used)]]


def _view(plan: Plan, name: str, used: bool) -> DatasetView:
    dataset = plan.paper.datasets[name]
    prepared = _read(paths.prepared(plan.scale_name, plan.slug, name) / "manifest.json")
    here: dict[str, Any] = prepared.get("statistics") or {}
    names = dict.fromkeys([*dataset.statistics, *here])
    statistics = [Statistic(key, here.get(key), dataset.statistics.get(key)) for key in names]
    common: dict[str, Any] = {"slug": name, "title": dataset.title, "kind": dataset.kind, "used": used}
    companions = [plan.configuration.datasets[raw] for raw in dataset.companions.values()]
    common["companions"] = [f"{entry.title} ({entry.licence})" for entry in companions]
    if dataset.raw is None:
        return DatasetView(
            **common, origin="made by the prepare stage", digest=prepared.get("digest"), statistics=statistics
        )
    entry = plan.configuration.datasets[dataset.raw]
    raw = _read(paths.raw(dataset.raw) / "manifest.json")
    return DatasetView(
        **common,
        licence=entry.licence,
        homepage=entry.homepage,
        citation=entry.citation,
        gated=entry.gated,
        origin=str(raw.get("origin") or raw.get("source") or ""),
        size_mb=sum(file.get("size", 0) for file in raw.get("files") or []) / 1e6 if raw else None,
        digest=prepared.get("digest") or raw.get("digest"),
        statistics=statistics,
    )


def _read(path: Path) -> dict[str, Any]:
    """Content of a manifest; empty when missing or damaged: the stage that owns it complains, not the report."""
    try:
        content = read_json(path)
    except ResultError:
        return {}
    return content if isinstance(content, dict) else {}
