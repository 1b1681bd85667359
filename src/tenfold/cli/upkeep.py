"""Keeping the project in order: new papers, versions, generated files."""

from __future__ import annotations

from typing import Annotated

import typer

from tenfold.cli.application import app
from tenfold.cli.arguments import configuration_of
from tenfold.errors import ConfigError


@app.command("new-paper")
def new_paper(slug: Annotated[str, typer.Argument(help="Slug of the new paper: lower-case, hyphens.")]) -> None:
    """Scaffold a paper: folder, YAML and tests that pass the conformance suite."""
    from tenfold.scaffold import create
    from tenfold.versions.pipeline import write

    for path in create(slug):
        print(path)
    print(write(configuration_of()))


@app.command()
def pull() -> None:
    """Bring versioned data and results here (`dvc pull`), and say what is missing and how to get it."""
    from tenfold.versions.pull import pull as bring

    for line in bring(configuration_of()):
        print(line)


@app.command()
def versions(check: Annotated[bool, typer.Option(help="Only compare; exit 2 on drift.")] = False) -> None:
    """Write dvc.yaml: the stages by which DVC versions data and results; take others out of dvc.lock."""
    from tenfold import paths
    from tenfold.versions import lock, pipeline

    configuration = configuration_of()
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
