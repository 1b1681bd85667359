"""The command line: `tenfold <stage>` and what helps around it. Each command imports what it needs when it runs."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenfold.errors import ConfigError, TenfoldError

if TYPE_CHECKING:
    from tenfold.config import Configuration
    from tenfold.jobs import Plan
    from tenfold.training.job import Job

app = typer.Typer(
    help="Ten machine-learning papers, one command. The stages, in order: "
    "data, prepare, train, evaluate, collect, figures, claims, report, track.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
app.add_typer(data_app, name="data", help="Fetch raw data sets and show where each came from.")

ScaleOption = Annotated[str | None, typer.Option(help="smoke, quick, standard, paper, or your own.")]
PaperArgument = Annotated[str, typer.Argument(help="Slug of the paper, e.g. dmf-spe.")]
DatasetArgument = Annotated[str | None, typer.Argument(help="Data set; all of the scale when left out.")]
MethodArgument = Annotated[str | None, typer.Argument(help="Method; all of the scale when left out.")]
SeedsOption = Annotated[str | None, typer.Option(help="Block of seeds such as 0-2; the scale's when left out.")]
DeviceOption = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]


def main() -> None:
    """Entry point: a user's mistake is one sentence on stderr and an exit code, never a traceback."""
    try:
        app()
    except TenfoldError as error:
        print(f"tenfold: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # else Python looks through all that is loaded once more before it ends: 0.4 s with PyTorch


def _configuration(scale: str | None = None, **overrides: Any) -> Configuration:
    from tenfold.config import Configuration

    return Configuration(scale=scale, **overrides)


def _plan(paper: str, scale: str | None, **overrides: Any) -> Plan:
    from tenfold.jobs import Plan

    plan = Plan(_configuration(scale, **overrides), paper)
    plan.validate()
    return plan


def _datasets(plan: Plan, dataset: str | None) -> list[str]:
    if dataset is None:
        return plan.datasets()
    if dataset not in plan.paper.datasets:
        known = ", ".join(plan.paper.datasets)
        raise ConfigError(f"{plan.slug}: unknown data set {dataset!r}; known: {known}")
    return [dataset]


def _jobs(plan: Plan, dataset: str | None, method: str | None, seeds: str | None) -> list[Job]:
    """The jobs that the arguments name; a method or data set outside the scale can be run by hand, too."""
    from tenfold.training.job import parse_block

    try:
        block = None if seeds is None else parse_block(seeds)
    except ValueError:
        raise ConfigError(f"--seeds: {seeds!r} is not a block of seeds; write 0, 0-2 or 0,3,7") from None
    return [
        plan.job(name, chosen, part)
        for name in _datasets(plan, dataset)
        for chosen in ([method] if method else plan.methods(name))
        for part in ([block] if block else plan.blocks(chosen) if chosen in plan.paper.methods else [plan.seeds])
    ]


@data_app.callback()
def data(
    context: typer.Context,
    scale: ScaleOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every data set of the registry.")] = False,
) -> None:
    """Fetch the raw data sets of the selected papers and show a table of sources, sizes and licences."""
    if context.invoked_subcommand is not None:
        return
    from tenfold.data.fetch import fetch_all
    from tenfold.data.table import print_table
    from tenfold.jobs import raw_datasets, required_raw_datasets

    configuration = _configuration(scale)
    names = list(configuration.datasets) if everything else raw_datasets(configuration)
    outcomes = fetch_all({name: configuration.datasets[name] for name in names}, configuration.mirrors)
    print_table(outcomes)
    missing = {outcome.name for outcome in outcomes if not outcome.ok} & set(required_raw_datasets(configuration))
    if missing:
        raise typer.Exit(3)


@data_app.command("fetch")
def data_fetch(
    names: Annotated[list[str], typer.Argument(help="Ids in config/datasets.yaml.")],
    verify: Annotated[bool, typer.Option(help="Hash the files again even when they are complete.")] = False,
    as_needed: Annotated[
        bool, typer.Option(help="Fetch what the scale uses; what it can do without may stay absent. Implies --verify.")
    ] = False,
) -> None:
    """Fetch the named data sets."""
    from tenfold import paths
    from tenfold.data.fetch import fetch
    from tenfold.versions.raw import provide

    configuration = _configuration()
    for name in names:
        if as_needed:
            _raw(configuration, name)
            print(provide(configuration, name))
            continue
        fetch(name, _raw(configuration, name), configuration.mirrors, paths.raw(name), verify=verify)


@data_app.command("adopt")
def data_adopt(
    name: Annotated[str, typer.Argument(help="Id in config/datasets.yaml.")],
    folder: Annotated[Path, typer.Argument(help="Folder where you put the files.")],
    accept: Annotated[bool, typer.Option(help="Take it in even when its statistics are not the paper's.")] = False,
) -> None:
    """Take over a data set that you obtained yourself (licence form, registration), once its statistics are right."""
    from tenfold import paths
    from tenfold.adoption import adopt

    configuration = _configuration()
    for line in adopt(name, _raw(configuration, name), folder, configuration, accept=accept):
        print(line)
    print(f"{name}: adopted; its manifest is {paths.relative(paths.raw(name) / 'manifest.json')}")


def _raw(configuration: Configuration, name: str) -> Any:
    if name not in configuration.datasets:
        raise ConfigError(f"unknown data set {name!r}; known: {', '.join(configuration.datasets)}")
    return configuration.datasets[name]


@app.command()
def prepare(paper: PaperArgument, dataset: DatasetArgument = None, scale: ScaleOption = None) -> None:
    """Turn raw data into the arrays that a paper trains on."""
    from tenfold import stages

    plan = _plan(paper, scale)
    for name in _datasets(plan, dataset):
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

    plan = _plan(paper, scale, device=device)
    for job in _jobs(plan, dataset, method, seeds):
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

    plan = _plan(paper, scale)
    for job in _jobs(plan, dataset, method, seeds):
        stages.evaluate(plan, job)


@app.command()
def collect(paper: PaperArgument, scale: ScaleOption = None) -> None:
    """Gather the metrics of a paper's runs into one metrics.csv."""
    from tenfold import stages

    stages.collect(_plan(paper, scale))


@app.command()
def figures(paper: PaperArgument, scale: ScaleOption = None) -> None:
    """Draw a paper's figures and tables from its result files."""
    from tenfold import stages

    stages.figures(_plan(paper, scale))


@app.command()
def claims(paper: PaperArgument, scale: ScaleOption = None) -> None:
    """Judge a paper's claims on its metrics."""
    from tenfold import stages

    stages.claims(_plan(paper, scale))


@app.command()
def report(
    scale: ScaleOption = None,
    partial: Annotated[bool, typer.Option(help="Show what there is, after a failed build.")] = False,
) -> None:
    """Build the static report site."""
    from tenfold import paths, stages
    from tenfold.jobs import plans
    from tenfold.report.site import build

    configuration = _configuration(scale)
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

    configuration = _configuration(scale)
    tracking = configuration.suite.tracking
    load_runs(configuration.suite.scale, tracking.uri, tracking.experiment_prefix, follow=follow)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 5000) -> None:
    """Serve the MLflow pages on 127.0.0.1."""
    from tenfold import paths
    from tenfold.tracking import serve
    from tenfold.tracking import track as load_runs

    tracking = _configuration().suite.tracking
    if tracking.uri is None and not paths.tracking_database().is_file():
        # Results that were pulled come without the database, which can be made from them at any time.
        scales = [path.parent.name for path in paths.RESULTS.glob("*/tracking.json")]
        load_runs(sorted(scales), None, tracking.experiment_prefix)
    serve(port, tracking.uri)


@app.command()
def plan(scale: ScaleOption = None) -> None:
    """Say what a build would run: jobs, data to fetch, licences, hours, disk."""
    from tenfold.planning import print_plan

    print_plan(_configuration(scale))


@app.command()
def status(scale: ScaleOption = None) -> None:
    """Show what is done, running, stale, failed or still to do."""
    from tenfold.status import print_status

    print_status(_configuration(scale))


@app.command()
def verdicts(
    scale: ScaleOption = None,
    why: Annotated[bool, typer.Option(help="With the reason for each verdict.")] = False,
) -> None:
    """Print the verdict matrix."""
    from tenfold.status import print_verdicts

    print_verdicts(_configuration(scale), reasons=why)


@app.command()
def verify(scale: ScaleOption = None) -> None:
    """Compare a rebuild with the committed reference metrics."""
    from tenfold.verify import verify_suite

    if not verify_suite(_configuration(scale)):
        raise typer.Exit(5)


@app.command()
def doctor(
    cluster: Annotated[bool, typer.Option("--cluster", help="Check a SLURM cluster before a build.")] = False,
    scale: ScaleOption = None,
) -> None:
    """Check Python, packages, device, disk, network and SLURM, and say what to do."""
    from tenfold.doctor import check_cluster, check_machine

    good = check_cluster(_configuration(scale)) if cluster else check_machine()
    if not good:
        raise typer.Exit(1)


@app.command("new-paper")
def new_paper(slug: Annotated[str, typer.Argument(help="Slug of the new paper: lower-case, hyphens.")]) -> None:
    """Scaffold a paper: folder, YAML and tests that pass the conformance suite."""
    from tenfold.scaffold import create
    from tenfold.versions.pipeline import write

    for path in create(slug):
        print(path)
    print(write(_configuration()))


@app.command()
def pull() -> None:
    """Bring versioned data and results here (`dvc pull`), and say what is missing and how to get it."""
    from tenfold.versions.pull import pull as bring

    for line in bring(_configuration()):
        print(line)


@app.command()
def versions(check: Annotated[bool, typer.Option(help="Only compare; exit 2 on drift.")] = False) -> None:
    """Write dvc.yaml: the stages by which DVC versions data and results; take others out of dvc.lock."""
    from tenfold import paths
    from tenfold.versions import lock, pipeline

    configuration = _configuration()
    if check:
        pipeline.check_pipeline(configuration)
        lock.check_lock(configuration)
        for note in lock.notes(configuration):
            print(f"note: {note}")
    else:
        print(paths.relative(pipeline.write(configuration)))
        for stage in lock.drop_unknown_stages(configuration):
            print(f"dvc.lock: {stage} taken out")


@app.command()
def schemas(check: Annotated[bool, typer.Option(help="Only compare; exit 1 on drift.")] = False) -> None:
    """Write the JSON schemas of config/*.yaml (for editors)."""
    from tenfold.schemas import drifted, write

    if check and (files := drifted()):
        raise ConfigError(f"out of date: {', '.join(map(str, files))}; run `tenfold schemas`")
    if not check:
        write()


if __name__ == "__main__":
    main()
