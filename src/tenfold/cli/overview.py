"""Looking at a build: before, while it runs, and after."""

from __future__ import annotations

from typing import Annotated

import typer

from tenfold.cli.application import app
from tenfold.cli.arguments import ScaleOption, configuration_of


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 5000) -> None:
    """Serve the MLflow pages on 127.0.0.1."""
    from tenfold import paths
    from tenfold.tracking import serve
    from tenfold.tracking import track as load_runs

    tracking = configuration_of().suite.tracking
    if tracking.uri is None and not paths.tracking_database().is_file():
        # Results that were pulled come without the database, which can be made from them at any time.
        scales = [path.parent.name for path in paths.RESULTS.glob("*/tracking.json")]
        load_runs(sorted(scales), None, tracking.experiment_prefix)
    serve(port, tracking.uri)


@app.command()
def plan(scale: ScaleOption = None) -> None:
    """Say what a build would run: jobs, data to fetch, licences, hours, disk."""
    from tenfold.planning import print_plan

    print_plan(configuration_of(scale))


@app.command()
def status(scale: ScaleOption = None) -> None:
    """Show what is done, running, stale, failed or still to do."""
    from tenfold.status import print_status

    print_status(configuration_of(scale))


@app.command()
def verdicts(
    scale: ScaleOption = None,
    why: Annotated[bool, typer.Option(help="With the reason for each verdict.")] = False,
) -> None:
    """Print the verdict matrix."""
    from tenfold.status import print_verdicts

    print_verdicts(configuration_of(scale), reasons=why)


@app.command()
def verify(scale: ScaleOption = None) -> None:
    """Compare a rebuild with the committed reference metrics."""
    from tenfold.verify import verify_suite

    if not verify_suite(configuration_of(scale)):
        raise typer.Exit(5)


@app.command()
def doctor(
    cluster: Annotated[bool, typer.Option("--cluster", help="Check a SLURM cluster before a build.")] = False,
    scale: ScaleOption = None,
) -> None:
    """Check Python, packages, device, disk, network and SLURM, and say what to do."""
    from tenfold.doctor import check_cluster, check_machine

    good = check_cluster(configuration_of(scale)) if cluster else check_machine()
    if not good:
        raise typer.Exit(1)
