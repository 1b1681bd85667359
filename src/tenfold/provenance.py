"""Where a result comes from: digests of settings, data and code, versions, host, cost."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

TRACKED_PACKAGES = ("tenfold", "torch", "numpy", "scipy", "pandas", "scikit-learn")


def digest_of(value: Any) -> str:
    """Digest (16 hex digits) of a JSON value: independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_files(files: Iterable[Path], root: Path) -> str:
    """Digest (16 hex digits) of the contents and relative names of some files."""
    return digest_of({path.relative_to(root).as_posix(): sha256_of(path) for path in files})


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    found = {"python": platform.python_version()}
    for name in TRACKED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def host() -> dict[str, Any]:
    """The machine, without anything that names a person: system, processor count, SLURM job, node and GPUs if any."""
    return {
        "node": platform.node(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "slurm_node": os.environ.get("SLURMD_NODENAME"),
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
