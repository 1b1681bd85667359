"""Writing to MLflow. Only one process at a time may hold a `Store`: see `tenfold.tracking.load`."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlparse
from urllib.request import url2pathname

from tenfold.tracking.records import Point, SeedRecord, SummaryRecord

BATCH = 800
"""Metrics in one request: MLflow takes 1000 metrics, parameters and tags together."""

SMALL_BATCH = 100
"""Parameters or tags that MLflow takes in one request."""

LONGEST_VALUE = 5000
"""Characters of a parameter or tag; MLflow refuses longer ones."""

Item = TypeVar("Item")


@dataclass
class Entry:
    """A run that MLflow has."""

    run_id: str
    artifacts: str
    tags: dict[str, str] = field(default_factory=dict)


class Store:
    """One MLflow store and its experiments `<prefix>/<paper>`."""

    def __init__(self, uri: str, prefix: str, artifacts: Path | None) -> None:
        """`artifacts` is the folder for artifacts of new experiments; None leaves that to a server."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read by mlflow when it is imported
        os.environ.setdefault("DO_NOT_TRACK", "true")
        from mlflow import MlflowClient

        if uri.startswith("sqlite"):
            _write_without_waiting_for_the_disk()
        for noisy in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self.client = MlflowClient(tracking_uri=uri)
        self.prefix = prefix
        self.artifacts = artifacts
        self._experiments: dict[str, str] = {}

    def experiment(self, paper: str) -> str:
        """Id of the paper's experiment, made when it is not there."""
        if paper not in self._experiments:
            name = f"{self.prefix}/{paper}"
            found = self.client.get_experiment_by_name(name)
            if found is None:
                location = None if self.artifacts is None else (self.artifacts / paper).resolve().as_uri()
                self._experiments[paper] = self.client.create_experiment(name, artifact_location=location)
            else:
                if found.lifecycle_stage == "deleted":
                    self.client.restore_experiment(found.experiment_id)
                self._experiments[paper] = found.experiment_id
        return self._experiments[paper]

    def entries(self, paper: str) -> dict[str, Entry]:
        """Identity -> run, of every run of the paper's experiment that this module made."""
        entries: dict[str, Entry] = {}
        for run in self._runs(self.experiment(paper)):
            key = run.data.tags.get("identity")
            if key in entries:  # two writers without a common lock
                self.delete(entries[key])
            if key is not None:
                entries[key] = Entry(run.info.run_id, run.info.artifact_uri, dict(run.data.tags))
        return entries

    def _runs(self, experiment: str) -> Iterator[Any]:
        token = None
        while True:
            page = self.client.search_runs(
                [experiment], max_results=1000, page_token=token, order_by=["start_time ASC"]
            )
            yield from page
            token = page.token
            if not token:
                return

    # -------------------------------------------------------------------------------------------- writing

    def begin(self, paper: str, name: str, tags: Mapping[str, str], started_ms: int | None = None) -> Entry:
        """Start a run."""
        limited = {key: value[:LONGEST_VALUE] for key, value in tags.items()}
        run = self.client.create_run(self.experiment(paper), start_time=started_ms, tags=limited, run_name=name)
        return Entry(run.info.run_id, run.info.artifact_uri, limited)

    def log(
        self,
        entry: Entry,
        time_ms: int,
        points: Iterable[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add step metrics, parameters and tags, in as few requests as MLflow allows."""
        from mlflow.entities import Metric, Param, RunTag

        metrics = _batches((Metric(key, value, time_ms, step) for key, value, step in points), BATCH)
        settings = _batches((Param(key, value[:LONGEST_VALUE]) for key, value in (params or {}).items()), SMALL_BATCH)
        labels = _batches((RunTag(key, value[:LONGEST_VALUE]) for key, value in (tags or {}).items()), SMALL_BATCH)
        for some_metrics, some_params, some_tags in zip_longest(metrics, settings, labels, fillvalue=()):
            self.client.log_batch(entry.run_id, metrics=some_metrics, params=some_params, tags=some_tags)
        entry.tags.update(tags or {})

    def log_dataset(self, entry: Entry, record: SeedRecord) -> None:
        """Note which data a run was trained on."""
        from mlflow.entities import Dataset, DatasetInput

        name, digest = record.record["dataset"], str(record.record.get("data_digest"))
        source = f"data/prepared/{record.record['scale']}/{record.paper}/{name}"
        dataset = Dataset(name=name, digest=digest[:36], source_type="local", source=source)
        self.client.log_inputs(entry.run_id, [DatasetInput(dataset=dataset, tags=[])])

    def finish(self, entry: Entry, record: SeedRecord, points: Sequence[Point]) -> None:
        """Complete a run; its digests come last, so that a run cut off here is written anew next time."""
        self.log(entry, record.finished_ms, points, record.params)
        self.log_dataset(entry, record)
        self.add_metrics(entry, record, points)
        self.client.set_terminated(entry.run_id, "FINISHED", record.finished_ms)

    def add_metrics(self, entry: Entry, record: SeedRecord, points: Sequence[Point]) -> None:
        """Add the final metrics of a run at its last step, and the digests of everything it now holds."""
        last = max((step for _, _, step in points), default=0)
        final = [(key, value, last) for key, value in record.final_metrics.items()]
        self.log(entry, record.finished_ms, final, tags=record.digests)

    def summarize(self, record: SummaryRecord) -> Entry:
        """Write a paper's summary run with its artifacts."""
        entry = self.begin(record.paper, f"{record.scale} summary", record.tags)
        for path, kind in record.artifacts:
            self.client.log_artifact(entry.run_id, str(path), kind or None)
        self.log(entry, 0, tags=record.digests)
        self.client.set_terminated(entry.run_id, "FINISHED")
        return entry

    def delete(self, entry: Entry) -> None:
        """Remove a run, and its artifacts where they lie in our own folder."""
        self.client.delete_run(entry.run_id)
        if self.artifacts is not None and urlparse(entry.artifacts).scheme in ("", "file"):
            folder = Path(url2pathname(urlparse(entry.artifacts).path))
            if folder.is_relative_to(self.artifacts.resolve()):
                shutil.rmtree(folder.parent, ignore_errors=True)


def _write_without_waiting_for_the_disk() -> None:
    """SQLite connections of this process do not flush after every transaction: three times as fast.

    A power cut may then cost the database, which the next `tenfold track` fills again from the result files.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _relax):
        event.listen(Engine, "connect", _relax)


def _relax(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def _batches(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
