"""What a build asks of a SLURM cluster: jobs, GPU-hours and memory for each partition, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table

from tenfold.config import Resources
from tenfold.jobs import Plan
from tenfold.slurm import Profile
from tenfold.training.job import Job

Seconds = Callable[[Job], float | None]
"""What a job took when it was recorded, or None."""


@dataclass(frozen=True)
class Demand:
    """What some training jobs of one partition ask for."""

    partition: str
    gpu: bool
    jobs: int
    recorded: int
    """How many of the jobs have a record."""
    hours: float
    """GPU-hours of jobs with a GPU, else CPU-hours: processors times time, as recorded; a job without a record counts
    with all of its time limit."""
    hours_at_most: float
    """The same when every job takes all of its time limit."""
    memory_mb: int
    """Of the largest job."""
    minutes: int
    """Time limit of the longest job."""


def demands(left: Iterable[tuple[Plan, Sequence[Job]]], profile: Profile, seconds: Seconds) -> list[Demand]:
    """The training jobs that are left, by partition and by whether they need a GPU."""
    grouped: dict[tuple[str, bool], list[tuple[Job, Resources]]] = {}
    for plan, jobs in left:
        resources = plan.scale.resources
        key = (_partition(profile), bool(resources.gpu))
        grouped.setdefault(key, []).extend((job, resources) for job in jobs)
    return [_demand(partition, gpu, rows, seconds) for (partition, gpu), rows in sorted(grouped.items()) if rows]


def _partition(profile: Profile) -> str:
    if name := profile.partition_of("train"):
        return name
    return f"best of {profile.partition_file}" if profile.partition_file else "the cluster's default"


def _demand(partition: str, gpu: bool, rows: Sequence[tuple[Job, Resources]], seconds: Seconds) -> Demand:
    taken = [seconds(job) for job, _ in rows]
    limits = [wanted.minutes * 60.0 for _, wanted in rows]
    processors = [_processors(wanted) for _, wanted in rows]
    expected = [limit if found is None else found for found, limit in zip(taken, limits, strict=True)]
    return Demand(
        partition=partition,
        gpu=gpu,
        jobs=len(rows),
        recorded=sum(found is not None for found in taken),
        hours=_hours(expected, processors),
        hours_at_most=_hours(limits, processors),
        memory_mb=max(wanted.mem_mb for _, wanted in rows),
        minutes=max(wanted.minutes for _, wanted in rows),
    )


def _hours(seconds: Sequence[float], processors: Sequence[int]) -> float:
    return sum(time * count for time, count in zip(seconds, processors, strict=True)) / 3600


def _processors(wanted: Resources) -> int:
    """What is counted: GPUs where a job has one, else CPUs."""
    return wanted.gpu or wanted.threads


def table(found: Sequence[Demand], profile: Profile) -> Table:
    """The demands as a table for the terminal."""
    result = Table(title="on a SLURM cluster (profiles/slurm)", title_justify="left")
    for name in ("partition", "counted in"):
        result.add_column(name)
    for name in ("jobs", "recorded", "hours expected", "hours at most", "memory of a job", "limit of a job"):
        result.add_column(name, justify="right")
    for row in found:
        result.add_row(
            row.partition,
            "GPU-hours" if row.gpu else "CPU-hours",
            str(row.jobs),
            str(row.recorded),
            f"{row.hours:.1f}",
            f"{row.hours_at_most:.0f}",
            f"{row.memory_mb} MB",
            f"{row.minutes} min",
        )
    sentences = [f"A failed job is repeated up to {profile.retries} times and asks for more memory and time."]
    if unrecorded := sum(row.jobs - row.recorded for row in found):
        why = "have no recorded time: they count with the limit stated in config/papers, an upper bound."
        sentences.insert(0, f"{unrecorded} jobs {why}")
    result.caption = "\n".join(sentences)
    result.caption_justify = "left"
    return result
