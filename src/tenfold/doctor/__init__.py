"""Is this machine, or this cluster, ready? Each check says what it found and, when something is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.config import Configuration
    from tenfold.doctor.check import Check

MARKS = {"ok": "[green]ok  [/green]", "note": "[yellow]note[/yellow]", "bad": "[red]bad [/red]"}


def check_machine() -> bool:
    """Check this machine and print the findings; False when one is bad."""
    from tenfold.doctor import machine

    return _print(finding for check in machine.CHECKS for finding in check())


def check_cluster(configuration: Configuration) -> bool:
    """Check what a build on the SLURM cluster needs and print the findings; False when one is bad."""
    from tenfold.doctor import cluster, machine

    here = (machine.python_version, machine.packages, machine.disk, machine.data)
    return _print(
        finding for findings in (*(check() for check in here), cluster.findings(configuration)) for finding in findings
    )


def _print(findings: Iterable[Check]) -> bool:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    good = True
    for finding in findings:
        good &= finding.level != "bad"
        remedy = f": {finding.remedy}" if finding.remedy else ""
        text = escape(f"{finding.name}: {finding.found}{remedy}")
        console.print(f"{MARKS[finding.level]} {text}", highlight=False, soft_wrap=True)
    return good
