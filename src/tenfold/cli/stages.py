"""The stages of a build, in order. The rules of the Snakefile call the same commands."""

from __future__ import annotations

from typing import Annotated

import typer

from tenfold.cli.application import app
from tenfold.cli.arguments import (
    DatasetArgument,
    DeviceOption,
    MethodArgument,
    PaperArgument,
    ScaleOption,
    SeedsOption,
    configuration_of,
    datasets_of,
    jobs_of,
    plan_of,
)


@app.command()
def prepare(paper: PaperArgument, dataset: DatasetArgument = None, scale: ScaleOption = None) -> None:
    """Turn raw data into the arrays that a paper trains on."""
    from tenfold import stages

    plan = plan_of(paper, scale)
    for name in datasets_of(plan, dataset):
        stages.prepare(plan, name)


@app.command()
def train(
    paper: PaperArgument,
    dataset: DatasetArgument = None,
    method: MethodArgument = None,
    seeds: SeedsOption = None,
    scale: ScaleOption = None,
    device: DeviceOption = None,
) -> None:
    """Train a method; a killed run goes on where it stopped."""
    from tenfold import stages

    plan = plan_of(paper, scale, device=device)
    for job in jobs_of(plan, dataset, method, seeds):
        stages.train(plan, job, plan.configuration.suite.device)


@app.command()
def evaluate(
    paper: PaperArgument,
    dataset: DatasetArgument = None,
    method: MethodArgument = None,
    seeds: SeedsOption = None,
    scale: ScaleOption = None,
) -> None:
    """Measure finished runs."""
    from tenfold import stages

    plan = plan_of(paper, scale)
    for job in jobs_of(plan, dataset, method, seeds):
        stages.evaluate(plan, job)


@app.command()
def collect(paper: PaperArgument, scale: ScaleOption = None) -> None:
    """Gather the metrics of a paper's runs into one metrics.csv."""
    from tenfold import stages

    stages.collect(plan_of(paper, scale))


@app.command()
def figures(paper: PaperArgument, scale: ScaleOption = None) -> None:
    """Draw a paper's figures and tables from its result files."""
    from tenfold import stages

    stages.figures(plan_of(paper, scale))


@app.command()
def claims(paper: PaperArgument, scale: ScaleOption = None) -> None:
    """Judge a paper's claims on its metrics."""
    from tenfold import stages

    stages.claims(plan_of(paper, scale))


@app.command()
def report(
    scale: ScaleOption = None,
    partial: Annotated[bool, typer.Option(help="Show what there is, after a failed build.")] = False,
) -> None:
    """Build the static report site."""
    from tenfold import paths, stages
    from tenfold.jobs import plans
    from tenfold.report.site import build

    configuration = configuration_of(scale)
    if partial:
        for plan in plans(configuration):
            stages.collect(plan, partial=True)
            stages.claims(plan)
    print(f"report: {paths.relative(build(configuration, configuration.suite.scale))}")


@app.command()
def track(
    scale: ScaleOption = None,
    follow: Annotated[bool, typer.Option(help="Keep watching running jobs.")] = False,
) -> None:
    """Load finished runs into MLflow."""
    from tenfold.tracking import track as load_runs

    configuration = configuration_of(scale)
    tracking = configuration.suite.tracking
    load_runs(configuration.suite.scale, tracking.uri, tracking.experiment_prefix, follow=follow)
