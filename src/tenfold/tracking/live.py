"""Running jobs: their histories go into MLflow while they grow."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from tenfold.errors import ResultError
from tenfold.files import read_json
from tenfold.tracking.records import SeedRecord, identity, points_of
from tenfold.tracking.store import Entry, Store
from tenfold.training.job import UNFINISHED, parse_block


@dataclass
class LiveJob:
    """A job under way: what of its history MLflow has, and the run of each seed."""

    entries: dict[int, Entry]
    length: int = 0
    """Bytes of the history that have been loaded, whole lines."""
    digest: str = ""
    """Digest of those bytes: a resumed job rewinds its history to the checkpoint and goes on differently."""
    seen: tuple[float, int] = (0.0, 0)
    """Modification time and size when last looked at."""
    failed: bool = False


class LiveJobs:
    """The running jobs of one scale that this process follows."""

    def __init__(self, scale: str) -> None:
        self.scale = scale
        self._jobs: dict[Path, LiveJob] = {}

    def load(self, store: Store, paper_folder: Path, entries: dict[str, Entry]) -> bool:
        """Load what running jobs have logged since the last look. Returns whether anything was written."""
        wrote = False
        for unfinished in sorted(paper_folder.glob(f"runs/*/*/*/{UNFINISHED}")):
            folder = unfinished.parent
            if not (folder / "run.json").exists():
                wrote |= self._load_job(store, paper_folder.name, folder, entries)
        for folder in [folder for folder in self._jobs if paper_folder in folder.parents]:
            if not (folder / UNFINISHED).exists() and not (folder / "run.json").exists():
                for entry in self._jobs.pop(folder).entries.values():
                    store.client.set_terminated(entry.run_id, "KILLED")
                wrote = True
        return wrote

    def _load_job(self, store: Store, paper: str, folder: Path, entries: dict[str, Entry]) -> bool:
        dataset, method, block = folder.parts[-3:]
        history = folder / UNFINISHED / "history.jsonl"
        try:
            stat = history.stat()
            seeds = parse_block(block)
        except (OSError, ValueError):
            return False  # it has logged nothing yet, or is no run folder
        job = self._jobs.get(folder)
        current = (stat.st_mtime, stat.st_size)
        wrote = False
        if job is None or job.seen != current:
            content = history.read_bytes()
            content = content[: content.rfind(b"\n") + 1]
            if job is None or not _begins_as_loaded(content, job):
                names = {seed: identity(self.scale, dataset, method, seed) for seed in seeds}
                for name in names.values():
                    if name in entries:  # of an earlier process, of an earlier version of the job, or rewound
                        store.delete(entries.pop(name))
                job = LiveJob({})
                for seed, name in names.items():
                    tags = {"identity": name, "paper": paper, "scale": self.scale, "dataset": dataset}
                    tags |= {"method": method, "seed": str(seed), "live": "true"}
                    job.entries[seed] = store.begin(paper, f"{dataset}/{method}/seed-{seed}", tags)
                entries.update({names[seed]: entry for seed, entry in job.entries.items()})
                self._jobs[folder] = job
            for seed, entry in job.entries.items():
                store.log(entry, int(time.time() * 1000), points_of(content[job.length :], seed))
            job.length, job.digest, job.seen = len(content), _digest(content), current
            wrote = True
        return self._note_failure(store, job, folder) or wrote

    def _note_failure(self, store: Store, job: LiveJob, folder: Path) -> bool:
        """Mark a failed job's runs as failed, and a resumed job's runs as running. Returns whether that was news."""
        path = folder / UNFINISHED / "failure.json"
        failed = path.is_file()
        if failed == job.failed:
            return False
        for entry in job.entries.values():
            if failed:
                try:
                    store.log(entry, 0, tags={"failure": str(read_json(path).get("message"))})
                except ResultError:
                    return False  # gone or half there: the next look will tell
                store.client.set_terminated(entry.run_id, "FAILED")
            else:
                store.client.update_run(entry.run_id, status="RUNNING")
        job.failed = failed
        return True

    def take(self, record: SeedRecord) -> tuple[Entry, int] | None:
        """The live run of a seed that has finished, and how many bytes of its history MLflow has.

        None when there is none, or when the finished history does not begin with what was loaded.
        """
        job = self._jobs.get(record.folder)
        if job is None or not _begins_as_loaded(record.history(), job):
            return None
        entry = job.entries.get(record.seed)
        return None if entry is None else (entry, job.length)

    def forget_finished(self) -> None:
        """Drop jobs whose run.json is there."""
        self._jobs = {folder: job for folder, job in self._jobs.items() if not (folder / "run.json").exists()}


def _begins_as_loaded(content: bytes, job: LiveJob) -> bool:
    return len(content) >= job.length and _digest(content[: job.length]) == job.digest


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
