"""The table that `tenfold data` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenfold.data.fetch import Outcome

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"present": "green", "fetched": "green", "gated": "yellow", "unreachable": "red", "failed": "red"}


def print_table(outcomes: Iterable[Outcome], console: Console | None = None) -> None:
    """Print one line a data set (source used, size, licence, status) and below it what a person has to do or know."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = console or Console()
    outcomes = list(outcomes)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("data set", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("source used")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("licence")
    for outcome in outcomes:
        status = f"[{COLOURS[outcome.status]}]{outcome.status}[/]"
        source = escape(outcome.source or "-")
        table.add_row(escape(outcome.name), status, source, size_in_words(outcome.size), escape(outcome.licence))
    console.print(table)
    for outcome in outcomes:
        if not outcome.ok:
            console.print(
                f"\n[bold]{escape(outcome.name)}[/] {outcome.status}: {escape(outcome.detail)}", soft_wrap=True
            )


def size_in_words(size: int | None) -> str:
    """`1234567 -> "1.2 MB"`; powers of 1000, as data sets' pages give them. `?` when unknown."""
    if size is None:
        return "?"
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.95:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
