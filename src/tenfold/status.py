"""What is done, running, stale, failed or still to do; and the verdicts so far."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tenfold import paths, stages
from tenfold.config import Configuration
from tenfold.jobs import Plan, plans
from tenfold.training.exclusive import is_locked
from tenfold.training.job import Job

STATES = ("done", "running", "stale", "failed", "interrupted", "to do")


@dataclass(frozen=True)
class JobStatus:
    """State of one job and, where it is not simply done, why."""

    job: Job
    state: str
    detail: str = ""


def job_status(job: Job, code_digest: str) -> JobStatus:
    """Compare a job's run folder with the configuration, the prepared data and the code as they are now."""
    unfinished = job.directory / "unfinished"
    if unfinished.is_dir():
        if is_locked(unfinished):
            return JobStatus(job, "running", _last_step(unfinished / "history.jsonl"))
        if failure := _json(unfinished / "failure.json"):
            return JobStatus(job, "failed", failure["message"])
        if not (job.directory / "run.json").exists():
            return JobStatus(job, "interrupted", _last_step(unfinished / "history.jsonl"))
    record = _json(job.directory / "run.json")
    if not record:
        return JobStatus(job, "to do")
    data = _json(job.prepared / "manifest.json")
    changed = [
        what
        for what, now in (("settings", job.digest), ("data", data.get("digest")), ("code", code_digest))
        if record[f"{what}_digest"] != now
    ]
    return JobStatus(job, "stale", f"{', '.join(changed)} changed") if changed else JobStatus(job, "done")


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _last_step(history: Path) -> str:
    try:
        lines = history.read_text(encoding="utf-8").splitlines()
        row = json.loads(lines[-1])
    except (OSError, ValueError, IndexError):
        return ""
    return f"{row['loop']}, step {row['step']}"


def paper_status(plan: Plan) -> list[JobStatus]:
    """State of every job of a paper."""
    digest = stages.train_code_digest(plan)
    return [job_status(job, digest) for job in plan.jobs()]


def print_status(configuration: Configuration) -> None:
    """One row per paper, then every job that needs a word."""
    console = Console()
    table = Table(title=f"scale {configuration.suite.scale}", title_justify="left")
    table.add_column("paper")
    for state in STATES:
        table.add_column(state, justify="right")
    table.add_column("verdicts")
    notable: list[JobStatus] = []
    for plan in plans(configuration):
        statuses = paper_status(plan)
        counts = Counter(status.state for status in statuses)
        judged = (paths.paper_results(plan.scale_name, plan.slug) / "claims.json").exists()
        table.add_row(plan.slug, *(str(counts[state] or "") for state in STATES), "yes" if judged else "")
        notable += [status for status in statuses if status.state in {"running", "stale", "failed", "interrupted"}]
    console.print(table)
    for status in notable:
        console.print(f"{status.state}: {status.job.name}: {status.detail}", soft_wrap=True, highlight=False)


STYLES = {
    "reproduced": "green", "consistent (stand-in)": "cyan", "contradicted": "red", "inconclusive": "yellow",
    "not tested": "dim",
}  # fmt: skip


def print_verdicts(configuration: Configuration, reasons: bool = False) -> None:
    """The verdict matrix: one row per claim, with its reason if asked for, and where the report is."""
    console = Console()
    table = Table(title=f"verdicts at scale {configuration.suite.scale}", title_justify="left")
    for column in ("paper", "claim", "verdict", *(["why"] if reasons else [])):
        table.add_column(column, overflow="fold")
    for plan in plans(configuration):
        path = paths.paper_results(plan.scale_name, plan.slug) / "claims.json"
        for claim in json.loads(path.read_text(encoding="utf-8")) if path.exists() else []:
            style = STYLES.get(claim["verdict"], "")
            cells = [plan.slug, f"{claim['id']} {claim['title']}", f"[{style}]{claim['verdict']}[/{style}]"]
            table.add_row(*cells, *([escape(claim["reason"])] if reasons else []))
    console.print(table)
    index = paths.report(configuration.suite.scale) / "index.html"
    if index.exists():
        console.print(f"report: {paths.relative(index)}", highlight=False)
