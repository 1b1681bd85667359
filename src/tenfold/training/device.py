"""Which device a run uses, and how jobs on one machine share its GPUs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from tenfold.errors import ConfigError

POLL_SECONDS = 1.0


@contextmanager
def acquire(wanted: str = "auto", locks: Path | None = None) -> Iterator[torch.device]:
    """The device for one job: `auto` takes CUDA, then MPS, then the CPU; other names are taken at their word.

    Several jobs on one machine share out its GPUs by lock files: a job waits until one is free. Under SLURM the
    allocation already names this job's GPU (CUDA_VISIBLE_DEVICES), so nothing is locked.
    Raises ConfigError when the wanted device is not there.
    """
    kind = _available(wanted)
    if kind != "cuda" or ":" in wanted or "SLURM_JOB_ID" in os.environ:
        yield torch.device(wanted if ":" in wanted else kind)
        return
    folder = locks or Path(tempfile.gettempdir()) / f"tenfold-gpus-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    with _free_slot(folder, torch.cuda.device_count()) as index:
        yield torch.device(f"cuda:{index}")


@contextmanager
def _free_slot(folder: Path, count: int) -> Iterator[int]:
    while True:
        for index in range(count):
            lock = FileLock(folder / f"{_visible_name(index)}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield index
            finally:
                lock.release()
            return
        time.sleep(POLL_SECONDS)


def _visible_name(index: int) -> str:
    """Name of the physical GPU behind an index, so that jobs with different visible devices agree."""
    visible = [part for part in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part]
    return visible[index] if index < len(visible) else str(index)


def _available(wanted: str) -> str:
    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = wanted.partition(":")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device: {wanted!r} asked for, but PyTorch sees no CUDA device; use auto or cpu")
    if kind == "cuda" and index and int(index) >= torch.cuda.device_count():
        raise ConfigError(f"device: {wanted!r} asked for, but there are only {torch.cuda.device_count()} CUDA devices")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("device: 'mps' asked for, but PyTorch sees no Apple GPU; use auto or cpu")
    return kind


def describe(device: torch.device) -> str:
    """Name for run.json: the GPU's model, or the kind of device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
