"""The preflight of a build on a SLURM cluster: the controller, the profile, what jobs ask for, and a job that looks
around on a node.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from tenfold import paths, slurm
from tenfold.config import Configuration, Resources
from tenfold.doctor.check import Check
from tenfold.errors import ClusterError
from tenfold.jobs import Plan, plans, required_raw_datasets
from tenfold.slurm import NodeKind, Profile

COMMANDS = ("sbatch", "srun", "squeue", "sinfo", "scontrol", "scancel")
LONGEST_POLL_SECONDS = 180
WAIT_FOR_A_NODE_SECONDS = 60


def findings(configuration: Configuration) -> Iterator[Check]:
    """Every finding about the cluster; stops early when SLURM does not answer."""
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        yield Check("bad", "SLURM", f"no {', '.join(missing)} on the path", "run this on a login node")
        return
    try:
        profile = slurm.read_profile()
        kinds = slurm.node_kinds()
        yield Check("ok", "SLURM", ", ".join(sorted({kind.partition for kind in kinds})))
        yield from partitions(profile, kinds)
        yield from requests(list(plans(configuration)), profile, kinds)
        yield from arrays(profile)
        yield from watching(profile)
        yield from preemption()
        yield from raw_data(configuration)
        yield from a_node(list(plans(configuration)), profile)
    except ClusterError as error:
        yield Check("bad", "SLURM", str(error), "ask your cluster's staff")


def partitions(profile: Profile, kinds: Sequence[NodeKind]) -> Iterator[Check]:
    """The partitions that the profile names exist and are up; where it names none, there is a default."""
    known = {kind.partition: kind for kind in kinds}
    for rule in ("train", "prepare"):
        name = profile.partition_of(rule)
        if name is None:
            if profile.partition_file or any(kind.is_default for kind in kinds):
                continue
            yield Check("bad", rule, "the profile names no partition and the cluster has no default",
                        f"set slurm_partition in {paths.relative(slurm.PROFILE)}")  # fmt: skip
        elif name not in known:
            yield Check("bad", rule, f"there is no partition {name!r}", f"known: {', '.join(sorted(known))}")
        elif not known[name].is_up:
            yield Check("bad", rule, f"partition {name} is down", "choose another one, or wait")


def requests(work: Sequence[Plan], profile: Profile, kinds: Sequence[NodeKind]) -> Iterator[Check]:
    """What training jobs ask for fits the partition they go to, also when they are repeated.

    SLURM accepts a job that asks for more time than its partition admits, and lets it wait for ever.
    """
    there = [kind for kind in kinds if kind.partition == profile.partition_of("train")]
    if profile.partition_of("train") is None:
        there = [kind for kind in kinds if kind.is_default or profile.partition_file]
    if not there:
        return
    attempts = profile.retries + 1
    tight = False
    for plan in work:
        wanted = plan.scale.resources
        if reason := _why_nowhere(there, wanted, 1):
            yield Check("bad", "jobs", f"a job of {plan.slug} asks for {reason}",
                        "choose another partition, or change `resources` of the scale")  # fmt: skip
        elif reason := _why_nowhere(there, wanted, attempts):
            tight = True
            yield Check("note", "jobs", f"a job of {plan.slug} that failed {attempts - 1} times asks for {reason}, "
                        "and would never start", "lower `retries` in the profile")  # fmt: skip
        else:
            continue
        tight = True
    if not tight:
        yield Check("ok", "jobs", "what they ask for fits, also when they are repeated")


def _why_nowhere(there: Sequence[NodeKind], wanted: Resources, factor: int) -> str | None:
    """Why a request fits none of these nodes: the reason of the last one; None when it fits one of them."""
    reasons = [kind.why_not(wanted, factor) for kind in there]
    return None if None in reasons else reasons[-1]


def arrays(profile: Profile) -> Iterator[Check]:
    """No job arrays: each task of one clears away and then waits for the outputs of the first, as if they were its own.

    So it is with snakemake-executor-plugin-slurm 2.8.0 (its issue 447).
    """
    if profile.array_rules:
        yield Check("bad", "job arrays", "the executor's arrays lose the results of the first job and fail the others",
                    "remove slurm-array-jobs")  # fmt: skip


def watching(profile: Profile) -> Iterator[Check]:
    """The command that asks for the state of jobs still knows those that have ended."""
    if profile.status_command == "sacct":
        try:
            slurm.ask("sacct", "--noheader", "--allocations", "--starttime=now")
            yield Check("ok", "status", "sacct answers")
        except ClusterError as error:
            yield Check("bad", "status", f"sacct does not work here ({error})", "set slurm-status-command: squeue")
        return
    needed = max(LONGEST_POLL_SECONDS, 3 * profile.first_check_seconds)
    age = int(slurm.setting("MinJobAge").split()[0])
    if age > needed:
        yield Check("ok", "status", f"squeue knows a finished job for {age} s")
    else:
        yield Check("bad", "status", f"squeue forgets a finished job after {age} s and is asked every {needed} s",
                    "set slurm-status-command: sacct")  # fmt: skip


def preemption() -> Iterator[Check]:
    """A preempted job must come back by itself: the executor waits for it."""
    if "CANCEL" in slurm.setting("PreemptMode"):
        yield Check("note", "preemption", "preempted jobs are cancelled here, and a build waits for them for ever",
                    "use a partition or QOS that is not preempted")  # fmt: skip


def raw_data(configuration: Configuration) -> Iterator[Check]:
    """The raw data that the scale needs is here, so that nothing needs a network later."""
    from tenfold.data.manifest import is_present

    absent = [name for name in required_raw_datasets(configuration) if not is_present(paths.raw(name))]
    if absent:
        scale = configuration.suite.scale
        yield Check("note", "raw data", f"not here yet: {', '.join(absent)}", f"run `tenfold data --scale {scale}`")


def a_node(work: Sequence[Plan], profile: Profile) -> Iterator[Check]:
    """Run a short job that looks around on a node: Python, the project's folder, locks, the clock, the GPU."""
    gpu = any(plan.scale.resources.gpu for plan in work)
    folder = paths.RESULTS / ".doctor"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "partition": profile.partition_of("train"), "account": profile.account, "qos": profile.qos,
        "gpus": 1 if gpu else None,
    }  # fmt: skip
    command = [
        "srun", f"--immediate={WAIT_FOR_A_NODE_SECONDS}", "--ntasks=1", "--time=5", "--mem=2000", "--quiet",
        *(f"--{name}={value}" for name, value in options.items() if value is not None),
        sys.executable, "-m", "tenfold.doctor.probe", str(folder), *(["--gpu"] if gpu else []),
    ]  # fmt: skip
    try:
        with FileLock(folder / "lock"):
            began = time.time()
            answer = slurm.run(command, WAIT_FOR_A_NODE_SECONDS + 120)
            ended = time.time()
        if "immediate" in answer.stderr or "Unable to allocate resources" in answer.stderr:
            yield Check("note", "node", f"no free node within {WAIT_FOR_A_NODE_SECONDS} s, so it was not looked at "
                        f"({slurm.last_line(answer.stderr)})", "run this again later")  # fmt: skip
        elif answer.returncode != 0:
            yield Check("bad", "node", f"Python does not start there: {slurm.last_line(answer.stderr)}",
                        "the project and its environment must lie on a file system that the nodes share")  # fmt: skip
        else:
            yield from _seen(json.loads(answer.stdout), began, ended, folder)
    except subprocess.TimeoutExpired:
        yield Check("bad", "node", "a job of a few seconds did not end", "ask your cluster's staff")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _seen(report: dict[str, str | float | bool], began: float, ended: float, folder: Path) -> Iterator[Check]:
    """What the job on the node saw."""
    yield Check("ok", "node", f"{report['node']}: Python {report['python']}")
    if not (folder / "answer").exists():
        yield Check("bad", "folder", "a file that a node writes is not seen here",
                    "the project must lie on a file system that the nodes share")  # fmt: skip
    if report["lock"] == "free":
        yield Check("note", "locks", "a node does not see the locks of this machine",
                    "mount the file system with locks (NFS without nolock, Lustre with flock)")  # fmt: skip
    elif report["lock"] != "taken":
        yield Check("note", "locks", f"the file system has none ({report['lock']})",
                    "do not train one job twice at the same time")  # fmt: skip
    skew = max(began - float(report["time"]), float(report["time"]) - ended)
    if skew > 5:
        yield Check("note", "clock", f"the node's is {skew:.0f} s off", "files may look newer or older than they are")
    if report.get("cuda") is False:
        yield Check("bad", "GPU", "SLURM gave the job a GPU, but PyTorch sees none there",
                    "compare the driver on the nodes with the CUDA version of the installed torch")  # fmt: skip
    elif "cuda" in report:
        yield Check("ok", "GPU", str(report["gpu"]))
