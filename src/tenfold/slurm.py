"""What the SLURM profile asks for, and what a SLURM cluster says about itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tenfold import paths
from tenfold.config import Resources
from tenfold.errors import ClusterError, ConfigError

PROFILE = paths.ROOT / "profiles" / "slurm" / "config.yaml"


@dataclass(frozen=True)
class Profile:
    """The part of `profiles/slurm/config.yaml` that says where jobs go."""

    partition: str | None = None
    """Of jobs without a partition of their own; None: the cluster's default."""
    train_partition: str | None = None
    account: str | None = None
    qos: str | None = None
    partition_file: str | None = None
    """Limits of several partitions, of which the executor takes the best fitting one for each job."""
    retries: int = 0
    status_command: str = "squeue"
    first_check_seconds: int = 40
    array_rules: tuple[str, ...] = ()

    def partition_of(self, rule: str) -> str | None:
        """Partition of a rule's jobs; None: the cluster's default, or the best fitting of `partition_file`."""
        return (self.train_partition if rule == "train" else None) or self.partition


def read_profile(path: Path = PROFILE) -> Profile:
    """Read a SLURM profile. Raises ConfigError when it is missing or no mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{paths.relative(path)} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{paths.relative(path)} must be a mapping of options to values")
    resources: dict[str, Any] = content.get("default-resources") or {}
    train: dict[str, Any] = (content.get("set-resources") or {}).get("train") or {}
    return Profile(
        partition=resources.get("slurm_partition"),
        train_partition=train.get("slurm_partition"),
        account=resources.get("slurm_account"),
        qos=resources.get("qos") or content.get("slurm-qos"),
        partition_file=content.get("slurm-partition-config"),
        retries=content.get("retries", 0),
        status_command=content.get("slurm-status-command", "sacct"),
        first_check_seconds=content.get("slurm-init-seconds-before-status-checks", 40),
        array_rules=tuple(re.findall(r"\w+", content.get("slurm-array-jobs") or "")),
    )


@dataclass(frozen=True)
class NodeKind:
    """Nodes of one partition that are alike."""

    partition: str
    is_default: bool
    is_up: bool
    minutes: float
    """Longest job that the partition admits."""
    nodes: int
    cpus: int
    memory_mb: int
    gpus: int
    """Of one node."""

    def why_not(self, wanted: Resources, factor: int = 1) -> str | None:
        """What of a request does not fit here when its memory and minutes are multiplied; None when all does."""
        for name, asked, there in (
            ("GPUs", wanted.gpu, self.gpus),
            ("threads", wanted.threads, self.cpus),
            ("MB of memory", wanted.mem_mb * factor, self.memory_mb),
            ("minutes", wanted.minutes * factor, self.minutes),
        ):
            if asked > there:
                return f"{asked} {name}, {self.partition} has {there:g}"
        return None


def node_kinds() -> list[NodeKind]:
    """Every partition's nodes, one entry for each kind. Raises ClusterError."""
    columns = ("%P", "%a", "%l", "%D", "%c", "%m", "%G")
    kinds = []
    for line in ask("sinfo", "--noheader", "--exact", f"--format={'|'.join(columns)}").splitlines():
        partition, state, limit, nodes, cpus, memory, resources = line.split("|")
        kinds.append(
            NodeKind(
                partition=partition.rstrip("*"),
                is_default=partition.endswith("*"),
                is_up=state == "up",
                minutes=minutes_of(limit),
                nodes=int(nodes),
                cpus=int(cpus.rstrip("+")),
                memory_mb=int(memory.rstrip("+")),
                gpus=gpus_of(resources),
            )
        )
    return kinds


def minutes_of(limit: str) -> float:
    """A time limit as sinfo prints it, in minutes: `infinite`, `30:00`, `1:00:00`, `2-00:00:00`."""
    if limit in {"infinite", "n/a"}:
        return float("inf")
    days, _, clock = limit.rpartition("-")
    hours, minutes, seconds = ([0, 0, 0] + [int(part) for part in clock.split(":")])[-3:]
    return (int(days or 0) * 24 + hours) * 60 + minutes + seconds / 60


def gpus_of(resources: str) -> int:
    """Number of GPUs in a list of generic resources such as `gpu:a100:4(S:0-1),shard:8`."""
    items = [item.split(":") for item in re.sub(r"\([^)]*\)", "", resources).split(",")]
    return sum(int(item[-1]) if item[-1].isdigit() else 1 for item in items if item[0] == "gpu")


def setting(name: str) -> str:
    """A setting of the cluster's configuration; empty when it has none of that name. Raises ClusterError."""
    match = re.search(rf"^{name}\s*=\s*(.*)$", ask("scontrol", "show", "config"), re.MULTILINE)
    return match[1].strip() if match else ""


def ask(*command: str, seconds: float = 20) -> str:
    """Output of a SLURM command. Raises ClusterError when it is missing, silent for too long, or fails."""
    try:
        answer = run(command, seconds)
    except FileNotFoundError:
        raise ClusterError(f"there is no {command[0]} on the path") from None
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{command[0]} does not answer within {seconds:g} s") from None
    if answer.returncode != 0:
        raise ClusterError(last_line(answer.stderr) or f"{command[0]} failed with exit code {answer.returncode}")
    return answer.stdout.strip()


def run(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder and catch what it prints."""
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, cwd=paths.ROOT)


def last_line(text: str) -> str:
    """Last line of a program's complaints: the one that says why."""
    return text.strip().rpartition("\n")[2]
