"""The stages: each calls the paper's module of the same name between reading and writing the stage's files."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold import codegraph, paths
from tenfold.errors import DataError, ResultError
from tenfold.files import read_json, write_arrays, write_json
from tenfold.provenance import digest_of, sha256_of
from tenfold.training.job import UNFINISHED

if TYPE_CHECKING:
    from tenfold.config import PaperDataset
    from tenfold.data.preparation import Companion
    from tenfold.jobs import Plan
    from tenfold.training.job import Job


def paper_stage(plan: Plan, stage: str) -> Callable[..., Any]:
    """The function `stage` of the paper's module of that name."""
    with _importing():
        return getattr(importlib.import_module(f"{plan.paper.module}.{stage}"), stage)


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Import modules without looking for garbage, and keep them out of every later look.

    PyTorch makes some 100,000 objects that live as long as the process; to search them again and again while it is
    imported takes a fifth of its time.
    """
    known, was_on = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        if was_on:
            gc.enable()


def prepare(plan: Plan, dataset: str) -> Path:
    """Turn raw data into the arrays a paper trains on: data.npz, and manifest.json with counts and a digest."""
    from tenfold.data.preparation import Preparation

    entry = plan.paper.datasets[dataset]
    found = companions(entry)
    manifest = _raw_manifest(entry.raw) if entry.raw else None
    task = Preparation(
        paper=plan.slug,
        dataset=dataset,
        settings=plan.prepare_settings(dataset),
        seeds=plan.seeds,
        raw=paths.raw(entry.raw) if entry.raw else None,
        reader=manifest["reader"] if manifest else None,
        reader_settings=manifest["reader_settings"] if manifest else {},
        companions=found,
    )
    prepared = paper_stage(plan, "prepare")(task)
    folder = paths.prepared(plan.scale_name, plan.slug, dataset)
    (folder / "manifest.json").unlink(missing_ok=True)
    write_arrays(folder / "data.npz", prepared.arrays)
    write_json(
        folder / "manifest.json",
        {
            "paper": plan.slug,
            "dataset": dataset,
            "title": entry.title,
            "kind": entry.kind,
            "raw": entry.raw,
            "raw_digest": manifest["digest"] if manifest else None,
            **({"companions": entry.companions} if entry.companions else {}),
            "settings": task.settings,
            "statistics": prepared.statistics,
            "reported_statistics": entry.statistics,
            "digest": digest_of({"data": sha256_of(folder / "data.npz")}),
        },
    )
    return folder


def companions(entry: PaperDataset) -> dict[str, Companion]:
    """The raw data that prepare reads beside the main one. Raises DataError when it is not here."""
    from tenfold.data.preparation import Companion

    found = {}
    for name, raw in entry.companions.items():
        manifest = _raw_manifest(raw)
        found[name] = Companion(paths.raw(raw), manifest["reader"], manifest["reader_settings"])
    return found


def _raw_manifest(dataset: str) -> dict[str, Any]:
    path = paths.raw(dataset) / "manifest.json"
    if not path.exists():
        raise DataError(
            f"data set {dataset!r} is not under {paths.relative(path.parent)}: run `tenfold data fetch {dataset}`"
        )
    return read_json(path)


def train(plan: Plan, job: Job, device: str) -> None:
    """Train one job; see `tenfold.training.execute`."""
    with _importing():
        from tenfold.training.execute import execute

    if not (job.prepared / "manifest.json").exists():
        raise DataError(
            f"{job.name}: the data is not prepared: run `tenfold prepare {job.paper} {job.dataset} --scale {job.scale}`"
        )
    if job.after_directory is not None and not (job.after_directory / "run.json").exists():
        raise ResultError(f"{job.name}: starts from {job.after!r}, which is not trained yet: train that method first")
    execute(job, paper_stage(plan, "train"), code_digest=train_code_digest(plan), device=device)


def train_code_digest(plan: Plan) -> str:
    """Digest of the source files that the paper's train stage imports."""
    return codegraph.code_digest(f"{plan.paper.module}.train")


def evaluate(plan: Plan, job: Job) -> None:
    """Measure one finished run: its metrics.csv and, where claims compare sample by sample, samples.npz."""
    from tenfold.evaluation import MetricRow, write_metrics, write_samples
    from tenfold.training.finished import FinishedRun

    measurements = paper_stage(plan, "evaluate")(FinishedRun(job.directory, job.prepared))
    unknown = sorted({m.metric for m in measurements} - set(plan.paper.metrics))
    if unknown:
        raise ResultError(
            f"{job.name}: metrics {', '.join(unknown)} are not declared under metrics: in the paper's YAML"
        )
    write_samples(job.directory / "samples.npz", measurements)
    rows = [
        MetricRow(job.paper, job.dataset, job.data_kind, job.method, m.seed, m.split, m.metric, float(m.value))
        for m in measurements
    ]
    write_metrics(job.directory / "metrics.csv", rows)


def collect(plan: Plan, *, partial: bool = False) -> Path:
    """Gather the metrics and the learning curves of all the paper's runs: metrics.csv and curves.csv.

    `partial` leaves out what is not there.
    """
    from tenfold.evaluation import read_metrics, write_metrics
    from tenfold.histories import write_curves

    folder = paths.paper_results(plan.scale_name, plan.slug)
    jobs = [job for job in plan.jobs() if not partial or (job.directory / "metrics.csv").exists()]
    write_metrics(folder / "metrics.csv", [row for job in jobs for row in read_metrics(job.directory / "metrics.csv")])
    write_curves(folder / "curves.csv", [(job.dataset, job.method, job.directory / "history.jsonl") for job in jobs])
    return folder / "metrics.csv"


def figures(plan: Plan) -> None:
    """Draw the paper's figures and tables from result files; each declared one must come out."""
    from tenfold.plotting import style
    from tenfold.results import Results

    folder = paths.paper_results(plan.scale_name, plan.slug)
    results = Results(plan.paper, plan.scale_name, folder, plan.jobs())
    with style():
        paper_stage(plan, "figures")(results)
    write_json(folder / "figures.json", {"figures": sorted(results.figures), "tables": sorted(results.tables)})


def claims(plan: Plan) -> Path:
    """Judge every claim of the paper on its metrics: claims.json, and the few numbers of headline.json."""
    from tenfold.claims import RunSamples, judge, write_verdicts
    from tenfold.claims.headline import headline
    from tenfold.evaluation import read_metrics

    folder, jobs = paths.paper_results(plan.scale_name, plan.slug), plan.jobs()
    rows = list(read_metrics(folder / "metrics.csv"))
    verdicts = judge(plan.paper, rows, RunSamples(jobs), jobs, _failures(jobs))
    write_json(folder / "headline.json", headline(plan.paper, rows, verdicts))
    write_verdicts(folder / "claims.json", verdicts)
    return folder / "claims.json"


def _failures(jobs: Iterable[Job]) -> dict[tuple[str, str, tuple[int, ...]], str]:
    """Messages of the jobs that failed and have not been repeated."""
    reports = {job: job.directory / UNFINISHED / "failure.json" for job in jobs}
    return {
        (job.dataset, job.method, job.seeds): read_json(path)["message"]
        for job, path in reports.items()
        if path.exists()
    }
