"""Two clusters at once, and what is left of one whose tests are interrupted or killed: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cluster.slurm import wait_until
from tests.conftest import REPOSITORY

# A cluster with a running job, for as long as this process lives.
ANOTHER = """
import signal
from tests.cluster.slurm import running_cluster
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts with it ignored
with running_cluster() as cluster:
    cluster.command("sbatch", "--mem=100", "--output=/dev/null", "--wrap=sleep 600")
    print(cluster.guard.pid, cluster.root, flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_second_cluster_runs_beside_the_first_and_ends_with_its_tests(how, cluster):
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'src'}"}
    another = subprocess.Popen(
        [sys.executable, "-c", ANOTHER], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    number, root = another.stdout.readline().split()
    guard = psutil.Process(int(number))

    def running():
        return [process.name() for process in guard.children(recursive=True)]

    wait_until(lambda: {"munged", "slurmctld", "slurmd", "sleep"} <= set(running()), "the second cluster works", 60)
    assert cluster.node_state("n1") == "idle"
    processes = [guard, *guard.children(recursive=True)]
    another.send_signal(how)
    another.wait(timeout=60)
    _, left = psutil.wait_procs(processes, timeout=60)
    assert left == []
    assert not Path(root).exists()
