"""Parent of a test cluster's daemons: when whoever started it is gone, however that ended, all of it ends.

    python guard.py FOLDER     starts the commands it reads, one JSON object a line: {"command": [...], "output": file}

It answers each with the process's number. Daemons detach themselves and jobs outlive their daemons, so it asks the
kernel for every orphan below it (prctl(2), PR_SET_CHILD_SUBREAPER). It ends when its input is closed, which the kernel
also does for a process that was killed, and removes the folder with the cluster's files and sockets.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys

import psutil

PR_SET_CHILD_SUBREAPER = 36
SECONDS_TO_END = 5


def bury(*_: object) -> None:
    """Take note of every child that has ended, also of those that were adopted."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all() -> None:
    """End everything below this process; what does not end when asked is killed, and so is what it leaves behind."""
    processes = psutil.Process().children(recursive=True)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(processes, timeout=SECONDS_TO_END)
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)
        bury()


def main() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGCHLD, bury)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    started = []
    try:
        for line in sys.stdin:
            wanted = json.loads(line)
            with open(wanted["output"], "ab") as output:  # noqa: PTH123
                started.append(
                    subprocess.Popen(wanted["command"], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
                )
            print(started[-1].pid, flush=True)
    finally:
        end_all()
        shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
