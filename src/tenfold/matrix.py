"""The verdict matrix of README.md: the papers' claims at scale standard, from the committed references."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from tenfold import paths
from tenfold.claims.verdict import Outcome
from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.training.job import parse_block

SCALE = "standard"
BEGIN, END = "<!-- verdict matrix: written by tools/update_reference.py -->", "<!-- end of the verdict matrix -->"


def matrix(configuration: Configuration) -> str:
    """A Markdown table: a row for each paper with a reference, its claims by verdict; claims of ours in italics."""
    outcomes: Sequence[str] = get_args(Outcome)
    lines = [_row("paper", *outcomes, "seeds", "core-minutes"), _row(*["---"] * (len(outcomes) + 1), "---:", "---:")]
    for slug in configuration.known_papers:
        folder = paths.REFERENCE / SCALE / slug
        if not (folder / "claims.json").exists():
            continue
        claims = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
        cells = [", ".join(_name(claim) for claim in claims if claim["verdict"] == outcome) for outcome in outcomes]
        seeds, seconds = _cost(folder / "cost.csv")
        lines.append(_row(slug, *cells, str(seeds), f"{seconds / 60:.0f}"))
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _name(claim: Mapping[str, Any]) -> str:
    return f"*{claim['id']}*" if claim["ours"] else claim["id"]


def _cost(path: Path) -> tuple[int, float]:
    """Most seeds that a method was run with, and processor seconds of all training."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    seeds: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row["dataset"], row["method"]
        seeds[key] = seeds.get(key, 0) + len(parse_block(row["seeds"]))
    return max(seeds.values(), default=0), sum(float(row["cpu_seconds"]) for row in rows)


def with_matrix(page: str, table: str) -> str:
    """The page with the table between its two markers. Raises ConfigError when they are not there."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"README.md lacks the lines {BEGIN!r} and {END!r} that enclose the verdict matrix")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"
