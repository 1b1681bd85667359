"""One process a job: the lock in a run's folder, and what becomes of it when a node of a cluster dies.

The lock is `flock`: the kernel gives it back when its process ends, however that ends. Over NFS the server keeps it a
while longer for a node that died (about 90 s with NFSv4), and a node that only lost its SLURM daemon goes on training.
So a job on a cluster waits: as long as the other process leaves traces, and `patience` seconds after the last one.
Some file systems have no such lock (Lustre mounted without `flock`): the run then goes on without one and says so.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tenfold.errors import ResultError
from tenfold.training.job import UNFINISHED, Job

POLL_SECONDS = 2.0
CLUSTER_PATIENCE_SECONDS = 300.0
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


def patience() -> float:
    """Seconds to wait for a silent process: TENFOLD_LOCK_SECONDS, else 300 in a SLURM job and 0 elsewhere."""
    default = CLUSTER_PATIENCE_SECONDS if "SLURM_JOB_ID" in os.environ else 0.0
    return float(os.environ.get("TENFOLD_LOCK_SECONDS", default))


@contextmanager
def only_process(job: Job, patience: float = 0.0) -> Iterator[bool]:
    """Hold the job for the length of the block; the value says whether another process had to be waited for.

    Raises ResultError when another process is training the job, or when the folder cannot be written.
    """
    folder = job.directory / UNFINISHED
    try:
        lock, waited = _acquire(
            folder, patience, lambda text: print(f"[{job.name}] {text}", file=sys.stderr, flush=True)
        )
    except Timeout:
        raise ResultError(f"{job.name}: another process is training this job; wait for it or stop it") from None
    except OSError as error:
        raise ResultError(f"{job.name}: cannot write {folder}: {error.strerror or error}") from error
    try:
        yield waited
    finally:
        if lock is not None:
            lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process is training the job of an `unfinished` folder; no, where the file system cannot tell."""
    if not (folder / "lock").exists():
        return False
    try:
        with FileLock(folder / "lock", timeout=0, fallback_to_soft=False):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def remove(folder: Path) -> None:
    """Remove an `unfinished` folder whose lock is held. Who waits for the lock may make it again at the same moment."""
    for path in folder.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _acquire(folder: Path, patience: float, say: Callable[[str], None]) -> tuple[FileLock | None, bool]:
    """The lock (None where there are none), and whether it was taken at first."""
    lock = FileLock(folder / "lock", fallback_to_soft=False)
    waited, traces, since = False, _traces(folder), time.monotonic()
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            return lock, waited
        except Timeout:
            if (now := _traces(folder)) != traces:
                traces, since = now, time.monotonic()
            if time.monotonic() - since >= patience:
                raise
            if not waited:
                say("another process is training this job: waits for it")
            waited = True
            time.sleep(min(POLL_SECONDS, patience))
        except FileNotFoundError:  # the other process has just finished and removed the folder
            continue
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            say("this file system has no locks; see to it that no other process trains this job")
            return None, waited


def _traces(folder: Path) -> set[tuple[str, int, int]]:
    """What a training process leaves behind: its files' names, sizes and times."""
    found = set()
    with contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.add((path.name, status.st_size, status.st_mtime_ns))
    return found
