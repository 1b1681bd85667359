"""Looks around on a node, for `tenfold doctor --cluster`: `python -m tenfold.doctor.probe FOLDER [--gpu]`."""

from __future__ import annotations

import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout


def look_around(folder: Path, gpu: bool) -> dict[str, Any]:
    """The node, its clock, whether it sees the lock that is held on the login node, and its GPU if one is asked for."""
    (folder / "answer").write_text("here")
    report: dict[str, Any] = {"node": platform.node(), "python": platform.python_version(), "time": time.time()}
    report["lock"] = _state_of(folder / "lock")
    if gpu:
        import torch

        report["cuda"] = torch.cuda.is_available()
        report["gpu"] = torch.cuda.get_device_name() if report["cuda"] else ""
    return report


def _state_of(path: Path) -> str:
    """`taken` (as it should be), `free`, or why the file system has no locks."""
    try:
        with FileLock(path, timeout=0, fallback_to_soft=False):
            return "free"
    except Timeout:
        return "taken"
    except OSError as error:
        return error.strerror or str(error)


if __name__ == "__main__":
    print(json.dumps(look_around(Path(sys.argv[1]), "--gpu" in sys.argv[2:])))
