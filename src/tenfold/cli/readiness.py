"""What a paper's command needs: prepared data and the run that it starts from. Snakemake builds what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tenfold import paths
from tenfold.cli.arguments import datasets_of
from tenfold.data.manifest import is_present, read_manifest
from tenfold.errors import ConfigError, ResultError, TenfoldError
from tenfold.files import read_json
from tenfold.jobs import Plan
from tenfold.training.command import CommandTask
from tenfold.training.finished import FinishedRun
from tenfold.training.job import Job


def task_of(name: str, plan: Plan, dataset: str, seed: int | None) -> CommandTask:
    """The task of command `name`, once all that it needs is built.

    Raises ConfigError for an unknown data set or seed, DataError when the raw data cannot be had, and ResultError when
    the build fails.
    """
    datasets_of(plan, dataset)
    seed = plan.seeds[0] if seed is None else seed
    method = plan.paper.commands[name].method
    job = None if method is None else _job(plan, dataset, method, seed)
    start = None if job is None or job.after is None else plan.job(dataset, job.after, job.seeds)
    if not _is_ready(plan, dataset, start):
        _build(name, plan, dataset, start)
    return CommandTask(
        paper=plan.slug,
        dataset=dataset,
        title=plan.paper.datasets[dataset].title,
        scale=plan.scale_name,
        seed=seed,
        prepared=paths.prepared(plan.scale_name, plan.slug, dataset),
        labels=paths.labels(plan.slug, dataset),
        settings={} if job is None else job.settings,
        start=None if start is None else FinishedRun(start.directory, start.prepared),
    )


def _job(plan: Plan, dataset: str, method: str, seed: int) -> Job:
    """The method's job that has the seed; where the method starts from another, that one's block of seeds."""
    blocks = plan.blocks(plan.paper.methods[method].after or method)
    for block in blocks:
        if seed in block:
            return plan.job(dataset, method, block)
    known = ", ".join(str(seed) for block in blocks for seed in block)
    raise ConfigError(f"--seed: {plan.slug} has no seed {seed} at scale {plan.scale_name}; it has: {known}")


def _is_ready(plan: Plan, dataset: str, start: Job | None) -> bool:
    """Whether data and run are those of the configuration, the raw files and the training code as they are now.

    Snakemake would say the same but takes seconds to start. Only it sees an edit in the paper's prepare stage: a build
    takes such an edit in, a command goes on with the data that is here.
    """
    from tenfold.stages import train_code_digest
    from tenfold.status import job_status

    try:
        manifest = read_json(paths.prepared(plan.scale_name, plan.slug, dataset) / "manifest.json")
        raw = manifest["raw"]
        changed = raw and is_present(paths.raw(raw)) and read_manifest(paths.raw(raw)).digest != manifest["raw_digest"]
        if changed or manifest["settings"] != plan.prepare_settings(dataset):
            return False
    except (TenfoldError, KeyError):
        return False
    return start is None or job_status(start, train_code_digest(plan)).state == "done"


def _build(name: str, plan: Plan, dataset: str, start: Job | None) -> None:
    """Fetch the raw data, then let Snakemake prepare it and train the run that the command starts from."""
    _fetch(plan, dataset)
    prepared = paths.prepared(plan.scale_name, plan.slug, dataset)
    files = [prepared / "data.npz", prepared / "manifest.json"]
    files += [] if start is None else [start.directory / "run.json", start.directory / "predictions.npz"]
    what = f"{dataset}, prepared" + ("" if start is None else f", and a finished run of {start.method}")
    print(f"`tenfold {name}` needs {what}: building with Snakemake", file=sys.stderr, flush=True)
    command = [
        "snakemake", "--cores", "all", *(path.relative_to(paths.ROOT).as_posix() for path in files),
        "--quiet", "host", "rules", "reason", "--config", f"scale={plan.scale_name}", f"papers=[{plan.slug}]",
    ]  # fmt: skip
    # The rules call `tenfold`, which is found whether this environment is active or not.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=paths.ROOT, env=os.environ | {"PATH": path}, stdout=2, check=False
    )
    if done.returncode != 0:
        raise ResultError(
            f"`tenfold {name} {dataset}`: what it needs could not be built, see above; again: `{' '.join(command)}`"
        )


def _fetch(plan: Plan, dataset: str) -> None:
    """The raw data, here rather than by Snakemake: a source that does not answer is then one sentence."""
    from tenfold.data.fetch import fetch

    configuration = plan.configuration
    for raw in plan.paper.datasets[dataset].raws:
        if not is_present(paths.raw(raw)):
            fetch(raw, configuration.datasets[raw], configuration.mirrors, paths.raw(raw))
