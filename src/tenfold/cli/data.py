"""`tenfold data`: raw data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenfold.cli.application import data_app
from tenfold.cli.arguments import ScaleOption, configuration_of
from tenfold.errors import ConfigError

if TYPE_CHECKING:
    from tenfold.config import Configuration, RawDataset


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

    configuration = configuration_of(scale)
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

    configuration = configuration_of()
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

    configuration = configuration_of()
    for line in adopt(name, _raw(configuration, name), folder, configuration, accept=accept):
        print(line)
    print(f"{name}: adopted; its manifest is {paths.relative(paths.raw(name) / 'manifest.json')}")


def _raw(configuration: Configuration, name: str) -> RawDataset:
    if name not in configuration.datasets:
        raise ConfigError(f"unknown data set {name!r}; known: {', '.join(configuration.datasets)}")
    return configuration.datasets[name]
