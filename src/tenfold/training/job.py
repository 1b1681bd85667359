"""A job: the unit of work that Snakemake schedules and `tenfold train` runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenfold import paths
from tenfold.provenance import digest_of

UNFINISHED = "unfinished"
"""Folder inside a run's folder that exists while it runs: history, checkpoints, and the failure if there is one."""


@dataclass(frozen=True)
class Job:
    """One (paper, data set, method, block of seeds) at one scale, with its settings resolved."""

    scale: str
    paper: str
    dataset: str
    method: str
    seeds: tuple[int, ...]
    settings: dict[str, Any] = field(hash=False)
    data_kind: str = "synthetic"
    after: str | None = None
    """Method whose finished run (same data set, same seeds) this one starts from."""

    @property
    def block(self) -> str:
        """Label of the seeds, a folder name: `0`, `0-4`, or `0,3,7` where they are not consecutive."""
        return block_label(self.seeds)

    @property
    def name(self) -> str:
        """What messages call this job."""
        return f"{self.paper} {self.dataset} {self.method} {self.block}"

    @property
    def directory(self) -> Path:
        return paths.run(self.scale, self.paper, self.dataset, self.method, self.block)

    @property
    def after_directory(self) -> Path | None:
        """Folder of the run that this one starts from."""
        if self.after is None:
            return None
        return paths.run(self.scale, self.paper, self.dataset, self.after, self.block)

    @property
    def prepared(self) -> Path:
        """Folder of the prepared data."""
        return paths.prepared(self.scale, self.paper, self.dataset)

    @property
    def digest(self) -> str:
        """Digest of everything in the configuration that can change this job's result."""
        return digest_of({"seeds": list(self.seeds), "settings": self.settings, "after": self.after})


def block_label(seeds: tuple[int, ...]) -> str:
    """`(0, 1, 2) -> "0-2"`, `(4,) -> "4"`, `(0, 3) -> "0,3"`."""
    if len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}-{seeds[-1]}"
    return ",".join(str(seed) for seed in seeds)


def parse_block(label: str) -> tuple[int, ...]:
    """Inverse of `block_label`. Raises ValueError when `label` is not a block of seeds."""
    first, dash, last = label.partition("-")
    if dash:
        seeds = tuple(range(int(first), int(last) + 1))
        if not seeds:
            raise ValueError(f"{label!r} is an empty block of seeds")
        return seeds
    return tuple(int(part) for part in label.split(","))
