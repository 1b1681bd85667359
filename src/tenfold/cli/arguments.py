"""Arguments that several commands share, and the work they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.errors import ConfigError

if TYPE_CHECKING:
    from tenfold.config import Configuration
    from tenfold.jobs import Plan
    from tenfold.training.job import Job

ScaleOption = Annotated[str | None, typer.Option(help="smoke, quick, standard, paper, or your own.")]
PaperArgument = Annotated[str, typer.Argument(help="Slug of the paper, e.g. dmf-spe.")]
DatasetArgument = Annotated[str | None, typer.Argument(help="Data set; all of the scale when left out.")]
MethodArgument = Annotated[str | None, typer.Argument(help="Method; all of the scale when left out.")]
SeedsOption = Annotated[str | None, typer.Option(help="Block of seeds such as 0-2; the scale's when left out.")]
SeedOption = Annotated[int | None, typer.Option(help="One of the scale's seeds; its first when left out.")]
DeviceOption = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]


def configuration_of(scale: str | None = None, **overrides: Any) -> Configuration:
    """The configuration, with what the command line says instead."""
    from tenfold.config import Configuration

    return Configuration(scale=scale, **overrides)


def plan_of(paper: str, scale: str | None, **overrides: Any) -> Plan:
    """The work of a paper, its settings checked."""
    from tenfold.jobs import Plan

    plan = Plan(configuration_of(scale, **overrides), paper)
    plan.validate()
    return plan


def datasets_of(plan: Plan, dataset: str | None) -> list[str]:
    """The data set that an argument names; all of the scale without one. Raises ConfigError for an unknown one."""
    if dataset is None:
        return plan.datasets()
    if dataset not in plan.paper.datasets:
        known = ", ".join(plan.paper.datasets)
        raise ConfigError(f"{plan.slug}: unknown data set {dataset!r}; known: {known}")
    return [dataset]


def jobs_of(plan: Plan, dataset: str | None, method: str | None, seeds: str | None) -> list[Job]:
    """The jobs that the arguments name; a method or data set outside the scale can be run by hand, too."""
    from tenfold.training.job import parse_block

    try:
        block = None if seeds is None else parse_block(seeds)
    except ValueError:
        raise ConfigError(f"--seeds: {seeds!r} is not a block of seeds; write 0, 0-2 or 0,3,7") from None
    return [
        plan.job(name, chosen, part)
        for name in datasets_of(plan, dataset)
        for chosen in ([method] if method else plan.methods(name))
        for part in ([block] if block else plan.blocks(chosen) if chosen in plan.paper.methods else [plan.seeds])
    ]
