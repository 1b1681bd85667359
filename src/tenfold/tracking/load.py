"""`tenfold track`: the single writer that loads result files into MLflow.

Parallel jobs that write to one SQLite file break it, so jobs write plain files and this process loads them, under a
lock. What MLflow already has is recognized by digests in its tags: repeating adds nothing, a changed run replaces its
predecessor, and a dropped database is filled again.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tenfold import paths
from tenfold.errors import ResultError
from tenfold.files import read_json, write_json, write_text
from tenfold.provenance import digest_of
from tenfold.tracking.live import LiveJobs
from tenfold.tracking.records import NOTHING, FinishedSeeds, SeedRecord, SummaryRecord, points_of
from tenfold.tracking.store import Entry, Store

REFILL = "delete results/mlflow and run `tenfold track` again: it is filled from the result files"

LOCK_SECONDS = 900
"""How long one writer waits for another."""


def default_uri() -> str:
    """The SQLite store under results/."""
    return f"sqlite:///{paths.tracking_database()}"


def track(
    scale: str | Sequence[str],
    uri: str | None = None,
    experiment_prefix: str = "tenfold",
    *,
    follow: bool = False,
    every_seconds: float = 5.0,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Load everything under results/<scale> into MLflow, and write results/<scale>/tracking.json.

    `uri` is any MLflow tracking address; None is a SQLite file under results/. With `follow`, running jobs are loaded
    as they log, every `every_seconds`, until `stop()` or an interrupt. Raises ResultError when another writer does not
    finish within LOCK_SECONDS.
    """
    scales = [scale] if isinstance(scale, str) else list(scale)
    loaders = [Loader(name, uri, experiment_prefix) for name in scales]
    for loader in loaders:
        loader.load()
        print(loader.report())
    if not follow:
        return
    live = [LiveJobs(name) for name in scales]
    try:
        while not stop():
            for loader, jobs in zip(loaders, live, strict=True):
                loader.load(jobs)
                if set(loader.counts) - {"unchanged"}:
                    print(loader.report(), flush=True)
            time.sleep(every_seconds)
    except KeyboardInterrupt:
        print("track: stopped; running jobs go on, and the next `tenfold track` loads their results")


class Loader:
    """Loads one scale. Keeps what MLflow has in memory between passes, as long as no other process wrote."""

    def __init__(self, scale: str, uri: str | None, prefix: str) -> None:
        self.scale = scale
        self.prefix = prefix
        self.uri = uri or default_uri()
        self.results = paths.RESULTS / scale
        self.workplace = paths.tracking_database().parent
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._store: Store | None = None
        self._finished = FinishedSeeds()
        self._entries: dict[str, dict[str, Entry]] = {}
        self._generation: str | None = None

    def load(self, live: LiveJobs | None = None) -> None:
        """One pass over all papers of the scale, under the writers' lock."""
        papers = sorted(path for path in self.results.glob("*") if (path / "runs").is_dir())
        self.counts, self.problems = Counter(), []
        with self._locked(), self._plain_errors():
            digests = {folder.name: self._load_paper(folder, live) for folder in papers}
        if live is not None:
            live.forget_finished()
        self._write_summary(digests)

    def _write_summary(self, digests: Mapping[str, object]) -> None:
        """Write tracking.json, unless it says the same already."""
        path = self.results / "tracking.json"
        summary = {
            "uri": "sqlite under results/mlflow" if self.uri == default_uri() else _without_password(self.uri),
            "experiments": {f"{self.prefix}/{paper}": digest for paper, digest in digests.items()},
        }
        if not path.is_file() or read_json(path) != summary:
            write_json(path, summary)

    def prepare(self) -> None:
        """Make the database and its tables."""
        with self._locked():
            self._open().client.search_experiments(max_results=1)

    def report(self) -> str:
        """What the last pass did, in one line, and what it could not read."""
        done = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())) or "no finished run yet"
        return "\n".join([f"track: {self.scale}: {done}", *(f"track: skipped: {problem}" for problem in self.problems)])

    def _load_paper(self, folder: Path, live: LiveJobs | None) -> dict[str, object]:
        """Load one paper; returns how many runs it has, and a digest of their content."""
        store = self._open()
        if folder.name not in self._entries:
            self._entries[folder.name] = store.entries(folder.name)
        entries = self._entries[folder.name]
        records = self._finished.of(folder, self.problems)
        summary = SummaryRecord(self.scale, folder.name, folder)
        wrote = True  # also when it ends with an error
        try:
            loaded = [self._load_seed(store, record, entries, live) for record in records]
            wrote = any(loaded)
            if summary.artifacts:
                wrote |= self._load_summary(store, summary, entries)
            if live is not None:
                wrote |= live.load(store, folder, entries)
        finally:
            if wrote:
                self._generation = secrets.token_hex(8)
                write_text(self.workplace / "generation", self._generation)
        content = {record.identity: record.digests for record in records} | {summary.identity: summary.digests}
        return {"runs": len(records), "digest": digest_of(content)}

    def _load_seed(self, store: Store, record: SeedRecord, entries: dict[str, Entry], live: LiveJobs | None) -> bool:
        """Bring MLflow's run of this seed up to date. Returns whether anything was written."""
        entry = entries.get(record.identity)
        known = {} if entry is None else {key: entry.tags.get(key) for key in record.digests}
        if known == record.digests:
            self.counts["unchanged"] += 1
            return False
        if entry and known == record.digests | {"metrics_digest": NOTHING}:
            store.add_metrics(entry, record, record.points())
            self.counts["evaluated"] += 1
            return True
        followed = live.take(record) if live and entry else None
        if followed:
            entry, length = followed
            store.log(entry, 0, tags=record.tags | {"live": "false"})
            store.finish(entry, record, points_of(record.history()[length:], record.seed))
            self.counts["completed"] += 1
        else:
            if entry is not None:
                store.delete(entry)
            self.counts["replaced" if entry is not None else "added"] += 1
            entry = store.begin(record.paper, record.name, record.tags, record.started_ms)
            store.finish(entry, record, record.points())
        entries[record.identity] = entry
        return True

    def _load_summary(self, store: Store, summary: SummaryRecord, entries: dict[str, Entry]) -> bool:
        entry = entries.get(summary.identity)
        if entry is not None and entry.tags.get("run_key") == summary.digests["run_key"]:
            return False
        if entry is not None:
            store.delete(entry)
        entries[summary.identity] = store.summarize(summary)
        return True

    def _open(self) -> Store:
        if self._store is None:
            local = self.uri == default_uri()
            if local and paths.tracking_database().is_file():
                _check_database()
            self._store = Store(self.uri, self.prefix, self.workplace / "artifacts" if local else None)
        return self._store

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The writers' lock; what was in memory is dropped when another process has written since."""
        from filelock import FileLock, Timeout

        self.workplace.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.workplace / "writer.lock", timeout=LOCK_SECONDS):
                path = self.workplace / "generation"
                current = path.read_text(encoding="utf-8") if path.is_file() else None
                if current != self._generation:
                    self._entries, self._generation = {}, current
                yield
        except Timeout:
            raise ResultError(
                f"another process has been writing to {_without_password(self.uri)} for {LOCK_SECONDS // 60} minutes; "
                "wait for it or stop it, and start again"
            ) from None

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """MLflow's own errors as one sentence that says what to do."""
        try:
            yield
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("mlflow", "sqlalchemy", "sqlite3"):
                raise
            local = self.uri == default_uri()
            remedy = REFILL if local else "check tracking.uri in config/suite.yaml and that the server answers"
            said = str(error).strip().partition("\n")[0]
            where = f"MLflow at {_without_password(self.uri)}"
            raise ResultError(f"{where} cannot be written ({said}); {remedy}") from error


def _check_database() -> None:
    """Raise ResultError when the file is no database: MLflow itself would try again for minutes."""
    try:
        with closing(sqlite3.connect(paths.tracking_database())) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        path = paths.relative(paths.tracking_database())
        raise ResultError(f"{path} is damaged ({error}); {REFILL}") from error


def _without_password(uri: str) -> str:
    """The address without user and password."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
