"""Running one job from start to finish: device, signature, the paper's train stage, the run's files."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import torch

from tenfold.errors import ResultError, RunFailed, TenfoldError
from tenfold.files import read_json, write_arrays, write_json
from tenfold.provenance import digest_of, host, peak_memory_mb, versions
from tenfold.training import compiler
from tenfold.training import device as devices
from tenfold.training.exclusive import only_process, patience, remove
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import UNFINISHED, Run


def execute(job: Job, train: Callable[[Run], None], *, code_digest: str, device: str = "auto") -> None:
    """Run `train` for one job and leave its run folder complete.

    While it runs, everything lies in the folder `unfinished`; the final files are written at the end, run.json last. A
    killed job goes on from there. A failed job keeps its history and a failure.json that the report shows. Where
    another process had to be waited for and has finished the job meanwhile, its result stands.
    """
    with only_process(job, patience()) as waited:
        try:
            data_digest = read_json(job.prepared / "manifest.json")["digest"]
            if waited and _is_finished(job, data_digest, code_digest):
                remove(job.directory / UNFINISHED)
                return
            _run(job, train, data_digest, code_digest, device)
        except Exception as error:
            _record_failure(job, error)
            raise


def _is_finished(job: Job, data_digest: str, code_digest: str) -> bool:
    """Whether the run's files are there and are those of this job as it is now."""
    if not all((job.directory / name).exists() for name in ("run.json", "history.jsonl", "predictions.npz")):
        return False
    record = read_json(job.directory / "run.json")
    digests = {"settings_digest": job.digest, "data_digest": data_digest, "code_digest": code_digest}
    return all(record[key] == digest for key, digest in digests.items())


def _run(job: Job, train: Callable[[Run], None], data_digest: str, code_digest: str, device: str) -> None:
    started, cpu = time.monotonic(), time.process_time()
    compiler.leave_out()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    (job.directory / UNFINISHED / "failure.json").unlink(missing_ok=True)
    with devices.acquire(device) as chosen:
        run = Run(
            job,
            chosen,
            signature=digest_of([job.digest, data_digest, code_digest, _after_digests(job), torch.__version__]),
            progress=Progress(job.name, every_seconds=float(os.environ.get("TENFOLD_PROGRESS_SECONDS", "10"))),
            checkpoint_seconds=float(os.environ.get("TENFOLD_CHECKPOINT_SECONDS", "30")),
        )
        train(run)
        if run.predictions is None:
            raise ResultError(f"{job.name}: the train stage saved no predictions (call run.save_predictions)")
        _finish(run, run.predictions, data_digest, code_digest, started, cpu)


def _after_digests(job: Job) -> list[str]:
    """Digests of the run that this one starts from."""
    if job.after_directory is None:
        return []
    record = read_json(job.after_directory / "run.json")
    return [record[key] for key in ("settings_digest", "data_digest", "code_digest")]


def _finish(
    run: Run, predictions: dict[str, Any], data_digest: str, code_digest: str, started: float, cpu: float
) -> None:
    job = run.job
    run.history.close()
    run.write_model()
    write_arrays(job.directory / "predictions.npz", predictions)
    shutil.copyfile(run.unfinished / "history.jsonl", job.directory / "history.jsonl")
    write_json(
        job.directory / "run.json",
        {
            "paper": job.paper,
            "dataset": job.dataset,
            "data_kind": job.data_kind,
            "method": job.method,
            "seeds": list(job.seeds),
            "scale": job.scale,
            "settings": job.settings,
            "after": job.after,
            "settings_digest": job.digest,
            "data_digest": data_digest,
            "code_digest": code_digest,
            "versions": versions(),
            "host": host(),
            "device": devices.describe(run.device),
            "threads": torch.get_num_threads(),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "wall_seconds": round(time.monotonic() - started, 2),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "resumed": run.times_resumed(),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    remove(run.unfinished)


def _record_failure(job: Job, error: Exception) -> None:
    """Leave word of the failure for the report; when even that cannot be written, the exception itself must do."""
    message = str(error) if isinstance(error, TenfoldError) else f"{type(error).__name__}: {error}"
    try:
        write_json(
            job.directory / UNFINISHED / "failure.json",
            {
                "job": job.name,
                "dataset": job.dataset,
                "method": job.method,
                "seeds": list(job.seeds),
                "error": type(error).__name__,
                "message": message,
                "diverged": isinstance(error, RunFailed),
                "traceback": traceback.format_exc(limit=20),
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
    except ResultError:
        return
