"""What a build would run, before it runs: jobs, data, licences, hours, disk."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tenfold import capacity, paths, slurm
from tenfold.config import Configuration
from tenfold.data.manifest import is_present
from tenfold.jobs import Plan, plans, raw_datasets, required_raw_datasets
from tenfold.status import JobStatus, paper_status
from tenfold.training.job import Job


@dataclass(frozen=True)
class Cost:
    """What one job took when it was recorded."""

    cpu_seconds: float
    wall_seconds: float
    peak_memory_mb: float


def recorded_cost(job: Job) -> Cost | None:
    """Cost of a job: from its last run here, else from the committed record of this scale."""
    try:
        record = json.loads((job.directory / "run.json").read_text(encoding="utf-8"))
        return Cost(record["cpu_seconds"], record["wall_seconds"], record["peak_memory_mb"])
    except (OSError, ValueError, KeyError):
        return _reference_costs(job.scale, job.paper).get((job.dataset, job.method, job.block))


def _reference_costs(scale: str, paper: str) -> dict[tuple[str, str, str], Cost]:
    path = paths.REFERENCE / scale / paper / "cost.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["dataset"], row["method"], row["seeds"]): Cost(
                float(row["cpu_seconds"]), float(row["wall_seconds"]), float(row["peak_memory_mb"])
            )
            for row in csv.DictReader(file)
        }


def write_reference_costs(plan: Plan, path: Path) -> None:
    """Record what every finished job of a paper took, so that others can plan with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["dataset", "method", "seeds", "cpu_seconds", "wall_seconds", "peak_memory_mb"])
        for job in plan.jobs():
            if cost := recorded_cost(job):
                writer.writerow(
                    [job.dataset, job.method, job.block, cost.cpu_seconds, cost.wall_seconds, cost.peak_memory_mb]
                )


def print_plan(configuration: Configuration) -> None:
    """The tables of `tenfold plan`."""
    console = Console()
    statuses = [(plan, paper_status(plan)) for plan in plans(configuration)]
    console.print(_work(configuration.suite.scale, statuses))
    _print_demands(console, [(plan, _left(found)) for plan, found in statuses])
    console.print(_data(configuration))
    console.print(_disk(configuration), highlight=False)
    for plan in plans(configuration):
        for dataset in plan.absent_datasets():
            raws = [name for name in plan.paper.datasets[dataset].raws if not is_present(paths.raw(name))]
            gated = [entry.gated for name in raws if (entry := configuration.datasets[name]).gated]
            steps = f"; to get it: {' '.join(gated)}" if gated else "; `tenfold data` tries to fetch it"
            console.print(
                f"{plan.slug}: {dataset} is not here and will not run{steps}", highlight=False, soft_wrap=True
            )


def _disk(configuration: Configuration) -> str:
    """Free space, beside what is still to be fetched and what results of this scale take so far."""
    absent = [configuration.datasets[name] for name in raw_datasets(configuration) if not is_present(paths.raw(name))]
    to_fetch = sum(entry.size or 0 for entry in absent)
    results = paths.RESULTS / configuration.suite.scale
    used = sum(path.stat().st_size for path in results.rglob("*") if path.is_file())
    free = shutil.disk_usage(paths.ROOT).free
    return f"disk: {free / 1e9:.0f} GB free; data to fetch {to_fetch / 1e6:.1f} MB; results here {used / 1e6:.1f} MB"


@dataclass(frozen=True)
class Work:
    """What is left of one paper. Hours count only jobs that have a record."""

    paper: str
    jobs: int
    done: int
    on_gpu: int
    recorded: int
    """How many of the jobs that are left."""
    cpu_hours: float
    wall_hours: float
    memory_mb: float


def work(plan: Plan, statuses: Sequence[JobStatus]) -> Work:
    """What building a paper would still run."""
    left = _left(statuses)
    costs = [cost for cost in map(recorded_cost, left) if cost is not None]
    resources = plan.scale.resources
    return Work(
        paper=plan.slug,
        jobs=len(statuses),
        done=len(statuses) - len(left),
        on_gpu=len(left) * resources.gpu,
        recorded=len(costs),
        cpu_hours=sum(cost.cpu_seconds for cost in costs) / 3600,
        wall_hours=sum(cost.wall_seconds for cost in costs) / 3600,
        memory_mb=max([cost.peak_memory_mb for cost in costs], default=resources.mem_mb),
    )


def _left(statuses: Sequence[JobStatus]) -> list[Job]:
    return [status.job for status in statuses if status.state != "done"]


def _work(scale: str, statuses: Sequence[tuple[Plan, Sequence[JobStatus]]]) -> Table:
    rows = [work(plan, found) for plan, found in statuses]
    table = Table(title=f"work at scale {scale}", title_justify="left", show_footer=True)
    table.add_column("paper", "all")
    for name in ("jobs", "done", "on_gpu", "recorded"):
        table.add_column(name.replace("_", " "), str(sum(getattr(row, name) for row in rows)), justify="right")
    table.add_column("CPU time left", _times(rows)[0], justify="right")
    table.add_column("one after the other", _times(rows)[1], justify="right")
    table.add_column("memory of a job", justify="right")
    for row in rows:
        counts = [str(count) for count in (row.jobs, row.done, row.on_gpu, row.recorded)]
        table.add_row(row.paper, *counts, *_times([row]), f"{row.memory_mb:.0f} MB")
    table.caption = "times of recorded jobs only"
    return table


def _times(rows: Sequence[Work]) -> tuple[str, str]:
    """CPU time and wall time of what is left, as far as it is recorded."""
    if any(row.done < row.jobs for row in rows) and not any(row.recorded for row in rows):
        return "unknown", "unknown"
    return _hours(sum(row.cpu_hours for row in rows)), _hours(sum(row.wall_hours for row in rows))


def _print_demands(console: Console, left: Sequence[tuple[Plan, Sequence[Job]]]) -> None:
    """What a cluster would be asked for, where there is one or a job needs a GPU."""
    needs_gpu = any(jobs and plan.scale.resources.gpu for plan, jobs in left)
    if not slurm.PROFILE.exists() or not (needs_gpu or shutil.which("sbatch")):
        return
    profile = slurm.read_profile()
    if found := capacity.demands(left, profile, _recorded_seconds):
        console.print(capacity.table(found, profile))


def _recorded_seconds(job: Job) -> float | None:
    cost = recorded_cost(job)
    return None if cost is None else cost.wall_seconds


def _data(configuration: Configuration) -> Table:
    table = Table(title="data", title_justify="left")
    for name in ("data set", "needed", "here", "size", "licence"):
        table.add_column(name, overflow="fold")
    required = set(required_raw_datasets(configuration))
    for name in raw_datasets(configuration):
        entry = configuration.datasets[name]
        size = f"{entry.size / 1e6:.1f} MB" if entry.size else "unknown"
        here = "yes" if is_present(paths.raw(name)) else "gated" if entry.gated else "no"
        table.add_row(name, "always" if name in required else "if here", here, size, entry.licence)
    return table


def _hours(hours: float) -> str:
    return f"{hours * 60:.1f} min" if hours < 1 else f"{hours:.1f} h"
