"""What goes into MLflow: one record per finished seed of a run, and one summary per paper, read from result files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tenfold.errors import ResultError
from tenfold.evaluation import read_metrics
from tenfold.files import read_json
from tenfold.histories import history_rows, logged_values, stage_and_seed
from tenfold.provenance import digest_of, sha256_of

Point = tuple[str, float, int]
"""Metric, value, step."""

NOTHING = "none"
"""Digest of metrics that are not there yet."""


def identity(scale: str, dataset: str, method: str, seed: int) -> str:
    """Which run of an experiment a record is; the same for every rebuild of it."""
    return f"{scale}/{dataset}/{method}/{seed}"


def points_of(history: bytes, seed: int) -> list[Point]:
    """The values that a piece of a history logs for one seed: its own rows, and those for all seeds of the job."""
    points = []
    for row in history_rows(history.decode(errors="replace").splitlines()):
        stage, own = stage_and_seed(row)
        if own in (None, seed):
            prefix = f"{stage}/" if stage else ""
            points += [(metric_name(prefix + key), value, row["step"]) for key, value in logged_values(row).items()]
    return points


def metric_name(name: str) -> str:
    """`ndcg@10 -> ndcg_at_10`: MLflow takes letters, digits and `_-. /` only."""
    return re.sub(r"[^\w\-. /]", "_", name.replace("@", "_at_"), flags=re.ASCII)


def flattened(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """`{"model": {"width": 8}} -> {"model.width": "8"}`; lists and texts stay whole."""
    flat: dict[str, str] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{prefix}{key}.")
        else:
            flat[metric_name(prefix + key)] = value if isinstance(value, str) else json.dumps(value)
    return flat


@dataclass(frozen=True)
class SeedRecord:
    """One seed of a finished run."""

    folder: Path
    record: Mapping[str, Any]
    """Content of run.json."""
    seed: int

    @property
    def paper(self) -> str:
        return self.record["paper"]

    @property
    def identity(self) -> str:
        return identity(self.record["scale"], self.record["dataset"], self.record["method"], self.seed)

    @property
    def name(self) -> str:
        return f"{self.record['dataset']}/{self.record['method']}/seed-{self.seed}"

    @property
    def finished_ms(self) -> int:
        """When the job finished, in milliseconds since 1970."""
        return int(datetime.fromisoformat(self.record["finished"]).timestamp() * 1000)

    @property
    def started_ms(self) -> int:
        return self.finished_ms - int(1000 * self.record.get("wall_seconds", 0))

    @cached_property
    def params(self) -> dict[str, str]:
        """The settings, flattened."""
        return flattened(self.record.get("settings") or {})

    @cached_property
    def final_metrics(self) -> dict[str, float]:
        """`<split>/<metric>` -> value, from the run's metrics.csv; empty before it is evaluated."""
        path = self.folder / "metrics.csv"
        if not path.is_file():
            return {}
        rows = [row for row in read_metrics(path) if row.seed == self.seed]
        return {metric_name(f"{row.split}/{row.metric}"): row.value for row in rows}

    def history(self) -> bytes:
        """Content of history.jsonl; not kept in memory."""
        path = self.folder / "history.jsonl"
        return path.read_bytes() if path.is_file() else b""

    def points(self) -> list[Point]:
        """The step metrics of this seed."""
        return points_of(self.history(), self.seed)

    @cached_property
    def digests(self) -> dict[str, str]:
        """Tags that say what the record holds: equal tags, equal content."""
        record = self.record
        parts = [record.get("settings_digest"), record.get("data_digest"), record.get("code_digest"), self.seed]
        history = self.folder / "history.jsonl"
        return {
            "run_key": digest_of([self.identity, *parts]),
            "history_digest": sha256_of(history)[:16] if history.is_file() else NOTHING,
            "metrics_digest": digest_of({k: repr(v) for k, v in self.final_metrics.items()})
            if self.final_metrics
            else NOTHING,
        }

    @cached_property
    def tags(self) -> dict[str, str]:
        """What the MLflow pages can be searched by."""
        record, host = self.record, self.record.get("host") or {}
        tags = {
            "identity": self.identity,
            "seed": self.seed,
            "host": host.get("node"),
            "slurm_job": host.get("slurm_job"),
            **{key: record.get(key) for key in (
                "paper", "scale", "dataset", "data_kind", "method", "data_digest", "code_digest", "settings_digest",
                "device", "cpu_seconds", "wall_seconds", "peak_memory_mb", "resumed",
            )},
            **{f"version.{name}": version for name, version in (record.get("versions") or {}).items()},
        }  # fmt: skip
        return {key: str(value) for key, value in tags.items() if value is not None}


class FinishedSeeds:
    """Reads the finished seeds of papers; files that have not changed since the last look are not read again."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[object, list[SeedRecord]]] = {}

    def of(self, paper_folder: Path, problems: list[str]) -> list[SeedRecord]:
        """Every finished seed under a paper's results; of overlapping blocks of seeds, the one finished last.

        What cannot be read is left out and added to `problems`.
        """
        latest: dict[str, SeedRecord] = {}
        for path in sorted(paper_folder.glob("runs/*/*/*/run.json")):
            try:
                found = self._records(path.parent)
            except (ResultError, OSError, KeyError, TypeError, ValueError) as error:
                problems.append(str(error) if isinstance(error, ResultError) else f"{path} is damaged ({error!r})")
                continue
            for record in found:
                other = latest.get(record.identity)
                if other is None or record.finished_ms > other.finished_ms:
                    latest[record.identity] = record
        return list(latest.values())

    def _records(self, folder: Path) -> list[SeedRecord]:
        files = [folder / name for name in ("run.json", "history.jsonl", "metrics.csv")]
        stamp = [(stat.st_mtime_ns, stat.st_size) for stat in (path.stat() for path in files if path.is_file())]
        if folder not in self._read or self._read[folder][0] != stamp:
            content = read_json(folder / "run.json")
            records = [SeedRecord(folder, content, seed) for seed in content["seeds"]]
            for record in records:  # read now, so that damage shows here
                _ = record.finished_ms, record.digests
            self._read[folder] = (stamp, records)
        return self._read[folder][1]


@dataclass(frozen=True)
class SummaryRecord:
    """The outputs of one paper at one scale: figures, tables, metrics and verdicts."""

    scale: str
    paper: str
    folder: Path

    @property
    def identity(self) -> str:
        return f"{self.scale}/summary"

    @cached_property
    def artifacts(self) -> list[tuple[Path, str]]:
        """Each file with the folder that it goes to."""
        files = [(path, kind) for kind in ("figures", "tables") for path in sorted((self.folder / kind).glob("[!.]*"))]
        files += [(self.folder / name, "") for name in ("metrics.csv", "claims.json")]
        return [(path, kind) for path, kind in files if path.is_file() and not path.name.startswith(".")]

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digest of the contents of all artifacts."""
        return {"run_key": digest_of({f"{kind}/{path.name}": sha256_of(path) for path, kind in self.artifacts})}

    @property
    def tags(self) -> dict[str, str]:
        """The verdict on each claim, among others."""
        tags = {"identity": self.identity, "scale": self.scale, "paper": self.paper, "kind": "summary"}
        path = self.folder / "claims.json"
        for record in read_json(path) if path.is_file() else []:
            tags[f"claim.{metric_name(str(record.get('id')))}"] = str(record.get("verdict"))
        return tags
