"""A real SLURM cluster on one machine: munge, one controller and two node daemons in a temporary folder."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

DAEMONS = ("munged", "slurmctld", "slurmd")
NODES = ("n1", "n2")
SYSTEM_FOLDERS = "/usr/sbin:/sbin"

# A node that does not answer for this long is down; real clusters wait 300 s.
NODE_TIMEOUT_SECONDS = 20

CONFIGURATION = """\
ClusterName=tenfold
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job that goes back to the queue waits until its old credential is void: 120 s on a real cluster.
AuthInfo=socket={root}/munge.socket,cred_expire=5
StateSaveLocation={root}/state
SlurmctldPidFile={root}/slurmctld.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdSpoolDir={root}/spool-%n
SlurmdPidFile={root}/slurmd-%n.pid
SlurmdLogFile={root}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MinJobAge=300
KillWait=2
SlurmdTimeout={node_timeout}
ReturnToService=2
MpiDefault=none
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=DEFAULT CPUs=3 RealMemory=8000 Gres=gpu:1
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first_node_port}-{last_node_port}]
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=600 State=UP PriorityTier=1
PartitionName=urgent Nodes=n[1-2] MaxTime=600 State=UP PriorityTier=10
"""

SRUN = """\
#!/bin/sh
options=""
while [ "${{1#-}}" != "$1" ]; do options="$options $1"; shift; done
SLURM_CONF={configuration} exec {srun} $options {without_network} "$@"
"""


def can_cut_network() -> bool:
    """Whether this user may start a process without a network."""
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


def why_not_here() -> str | None:
    """What keeps a cluster from running on this machine; None when nothing does."""
    path = f"{os.environ['PATH']}:{SYSTEM_FOLDERS}"
    if missing := [name for name in DAEMONS if shutil.which(name, path=path) is None]:
        return f"not installed: {', '.join(missing)} (apt-get install slurm-wlm munge)"
    return None if os.geteuid() == 0 else "the daemons of a node run as root"


class Cluster:
    """A running cluster. `environment` is what its commands and its jobs need to find it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            "SLURM_CONF": str(root / "slurm.conf"),
            "PATH": f"{root / 'bin'}:{os.environ['PATH']}:{SYSTEM_FOLDERS}",
        }
        self._daemons: dict[str, psutil.Process] = {}
        self.guard = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("guard.py")), str(root)], env=os.environ | self.environment,
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._ports = Ports()

    def start(self) -> None:
        """Start everything and wait until both nodes are idle."""
        (self.root / "state").mkdir()
        for node in NODES:
            (self.root / f"spool-{node}").mkdir()
        (self.root / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=socket.gethostname().split(".")[0],
                user=getpass.getuser(),
                root=self.root,
                controller_port=self._ports.first,
                first_node_port=self._ports.first + 1,
                last_node_port=self._ports.first + 2,
                node_timeout=NODE_TIMEOUT_SECONDS,
            )
        )
        (self.root / "gres.conf").write_text(f"NodeName={','.join(NODES)} Name=gpu File=/dev/zero\n")
        self._write_srun()
        key = self.root / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        munge = ("socket", "key-file", "pid-file", "log-file", "seed-file")
        files = {name: self.root / f"munge.{name.removesuffix('-file')}" for name in munge}
        self._daemon("munged", "--foreground", "--force", *(f"--{name}={file}" for name, file in files.items()))
        wait_until(lambda: files["socket"].exists(), "munged has made its socket", 10)
        self._daemon("slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        wait_until(self._is_ready, "both nodes are idle", 60)

    def _is_ready(self) -> bool:
        for name, process in self._daemons.items():
            if not process.is_running():
                raise RuntimeError(f"{name} has ended: {(self.root / f'{name}.out').read_text()}")
        return all(self.node_state(node) == "idle" for node in NODES)

    def _write_srun(self) -> None:
        """An srun that knows this cluster, whose steps have no network.

        The executor's job step drops SLURM_CONF from srun's environment. What srun starts, the work of a rule, runs
        without any network interface, not even a loopback.
        """
        srun = self.root / "bin" / "srun"
        srun.parent.mkdir()
        srun.write_text(
            SRUN.format(
                configuration=self.root / "slurm.conf",
                srun=shutil.which("srun"),
                without_network="unshare --net" if can_cut_network() else "env",
            )
        )
        srun.chmod(0o755)

    def start_node(self, node: str) -> None:
        """Start a node's daemon."""
        self._daemon(node, "-D", "-N", node, program="slurmd")

    def _daemon(self, name: str, *arguments: str, program: str | None = None) -> None:
        assert self.guard.stdin is not None
        assert self.guard.stdout is not None
        wanted = {"command": [program or name, *arguments], "output": str(self.root / f"{name}.out")}
        print(json.dumps(wanted), file=self.guard.stdin, flush=True)
        self._daemons[name] = psutil.Process(int(self.guard.stdout.readline()))

    def stop(self) -> None:
        """End all jobs, then everything that was started here and what that has left behind."""
        with contextlib.suppress(subprocess.SubprocessError, OSError, TimeoutError):
            self.command("scancel", "--user", getpass.getuser())
            wait_until(lambda: not self.command("squeue", "--noheader"), "the jobs have ended", 15)
        self.guard.communicate()
        self._ports.give_back()

    def command(self, *arguments: str) -> str:
        """Output of one of the cluster's commands."""
        answer = subprocess.run(
            arguments, env=os.environ | self.environment, capture_output=True, text=True, timeout=30, check=True
        )
        return answer.stdout.strip()

    def node_state(self, node: str) -> str:
        """State of a node as sinfo prints it, `unknown` while the controller does not answer."""
        try:
            return self.command("sinfo", "--noheader", "--Node", f"--nodes={node}", "--partition=main", "--format=%T")
        except subprocess.CalledProcessError:
            return "unknown"

    def crash_daemon(self, node: str) -> None:
        """`kill -9` of the node's daemon alone: its jobs go on, unseen."""
        self._daemons[node].kill()
        wait_until(lambda: not self._daemons[node].is_running(), f"the daemon of {node} is gone", 10)

    def kill_job(self, job: str) -> None:
        """All processes of a job die at once, those that would report it first."""
        steps = [process for process in psutil.process_iter() if _title(process).startswith(f"slurmstepd: [{job}.")]
        work = [process for process in psutil.process_iter() if _variable(process, "SLURM_JOB_ID") == job]
        for process in [*steps, *work]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def _variable(process: psutil.Process, name: str) -> str | None:
    try:
        return process.environ().get(name)
    except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
        return None


class Ports:
    """Three free ports in a row, for a controller and two nodes; no other test cluster of this machine takes them."""

    def __init__(self) -> None:
        for self.first in range(17000, 18000, 10):
            # Whoever binds this name (a socket that is no file) holds the ports; the kernel gives it back at the end.
            self._claim = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                self._claim.bind(f"\0tenfold-slurm-{self.first}")
                if all(_is_free(self.first + offset) for offset in range(3)):
                    return
            self.give_back()
        raise RuntimeError("no three free ports in a row between 17000 and 18000")

    def give_back(self) -> None:
        """Let others have them."""
        self._claim.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Wait for a condition; raises TimeoutError that says what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s it is still not so that {what}")
        time.sleep(0.1)


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster for the length of a block. Its folder has a short name, since paths of sockets are limited to 108."""
    root = Path(tempfile.mkdtemp(prefix="tenfold-slurm-", dir="/tmp"))
    root.chmod(0o755)
    cluster = Cluster(root)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
