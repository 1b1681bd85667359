"""The application that every command is registered with."""

from __future__ import annotations

import typer

from tenfold.cli.brought import WithCommandsOfPapers

app = typer.Typer(
    cls=WithCommandsOfPapers,
    help="Ten machine-learning papers, one command. The stages, in order: "
    "data, prepare, train, evaluate, collect, figures, claims, report, track.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
app.add_typer(data_app, name="data", help="Fetch raw data sets and show where each came from.")
