"""The jobs of a paper at one scale: which are done, which failed and why, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import paths
from tenfold.errors import ResultError
from tenfold.files import read_json
from tenfold.jobs import Plan
from tenfold.training.job import UNFINISHED, block_label


@dataclass(frozen=True)
class JobView:
    """One job: `state` is finished, failed, started (running or interrupted) or waiting."""

    dataset: str
    method: str
    seeds: str
    directory: Path
    state: str
    record: dict[str, Any]
    """Content of run.json; empty unless finished."""
    failure: dict[str, Any]
    """Content of failure.json; empty unless failed."""


@dataclass(frozen=True)
class Cost:
    """What finished jobs cost together."""

    jobs: int
    cpu_seconds: float
    wall_seconds: float
    peak_memory_mb: float | None
    latest: str | None
    """When the last of them finished, an ISO time."""


def job_views(plan: Plan) -> list[JobView]:
    """Every job that the plan asks for, in the order of the paper's YAML, with what its folder says."""
    return [
        _job(dataset, method, seeds, paths.run(plan.scale_name, plan.slug, dataset, method, block_label(seeds)))
        for dataset in plan.datasets()
        for method in plan.methods(dataset)
        for seeds in plan.blocks(method)
    ]


def _job(dataset: str, method: str, seeds: Sequence[int], directory: Path) -> JobView:
    state, record, failure = "waiting", {}, {}
    try:
        if (directory / "run.json").is_file():
            state, record = "finished", read_json(directory / "run.json")
        elif (directory / UNFINISHED / "failure.json").is_file():
            state, failure = "failed", read_json(directory / UNFINISHED / "failure.json")
        elif (directory / UNFINISHED).is_dir():
            state = "started"
    except ResultError as error:
        state, failure = "failed", {"error": "damaged file", "message": str(error).replace(f"{paths.ROOT}/", "")}
    return JobView(dataset, method, block_label(tuple(seeds)), directory, state, record, failure)


def cost(jobs: Iterable[JobView]) -> Cost:
    """The sum of the finished jobs; memory is the largest of any job."""
    records = [job.record for job in jobs if job.state == "finished"]
    return Cost(
        jobs=len(records),
        cpu_seconds=sum(record.get("cpu_seconds") or 0 for record in records),
        wall_seconds=sum(record.get("wall_seconds") or 0 for record in records),
        peak_memory_mb=max(
            (record["peak_memory_mb"] for record in records if record.get("peak_memory_mb")), default=None
        ),
        latest=max((record["finished"] for record in records if record.get("finished")), default=None),
    )


@dataclass(frozen=True)
class Provenance:
    """What made the finished runs: each value with how many jobs share it."""

    versions: list[tuple[str, list[str]]]
    code: list[str]
    data: list[tuple[str, list[str]]]
    """Data set -> digests."""
    systems: list[str]
    devices: list[str]


def provenance(jobs: Iterable[JobView]) -> Provenance:
    """Versions, digests, systems and devices of the finished jobs, each distinct value once."""
    finished = [job for job in jobs if job.state == "finished"]
    records = [job.record for job in finished]
    packages = dict.fromkeys(name for record in records for name in record.get("versions") or {})
    datasets = dict.fromkeys(job.dataset for job in finished)
    return Provenance(
        versions=[(name, _distinct((r.get("versions") or {}).get(name) for r in records)) for name in packages],
        code=_distinct(record.get("code_digest") for record in records),
        data=[
            (name, _distinct(j.record.get("data_digest") for j in finished if j.dataset == name)) for name in datasets
        ],
        systems=_distinct(_system(record.get("host") or {}) for record in records),
        devices=_distinct(_words(record.get("device")) for record in records),
    )


def _system(host: dict[str, Any]) -> str:
    """System and processor count; the node's name stays out of a site that may be sent around."""
    parts = [str(host["system"])] if host.get("system") else []
    if host.get("cpus"):
        parts.append(f"{host['cpus']} processors")
    return ", ".join(parts)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part)
    return str(value or "")


def _distinct(values: Iterable[Any]) -> list[str]:
    return sorted({str(value) for value in values if value})
