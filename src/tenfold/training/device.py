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

    Several jobs on one machine share out its GPUs by lock files: a job waits until one is free. Under SLURM only the
    GPUs of the allocation are shared out, and a job that was given none computes on the CPU, even on a node that would
    show it a GPU: it belongs to somebody else. Raises ConfigError when the wanted device is not there.
    """
    kind = "cpu" if wanted == "auto" and _is_without_gpu_under_slurm() else _available(wanted)
    if kind != "cuda" or ":" in wanted:
        yield torch.device(wanted if ":" in wanted else kind)
        return
    # Inside an allocation GPUs may be numbered from 0 again: its name keeps those of two allocations apart.
    owner = os.environ.get("SLURM_JOB_ID", f"user-{os.getuid()}")
    folder = locks or Path(tempfile.gettempdir()) / f"tenfold-gpus-{owner}"
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


def _is_without_gpu_under_slurm() -> bool:
    """Inside a SLURM job, and SLURM named no GPU: neither to this step nor to the job."""
    named = ("CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS", "SLURM_GPUS_ON_NODE")
    return "SLURM_JOB_ID" in os.environ and not any(os.environ.get(name) for name in named)


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
