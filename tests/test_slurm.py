"""Reading the profile and SLURM's answers, and the preflight's judgement, without a cluster."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml

from tenfold import slurm
from tenfold.config import Resources
from tenfold.doctor import cluster
from tenfold.errors import ClusterError, ConfigError
from tenfold.slurm import NodeKind, Profile
from tests.conftest import REPOSITORY

NODE = NodeKind("main", is_default=True, is_up=True, minutes=600, nodes=4, cpus=8, memory_mb=32000, gpus=1)
PROFILES = REPOSITORY / "profiles"


@pytest.mark.parametrize(
    ("limit", "minutes"),
    [("infinite", math.inf), ("30:00", 30), ("1:00:00", 60), ("2-00:00:00", 2880), ("1-01:30:00", 1530), ("0:30", 0.5)],
)
def test_time_limits_as_sinfo_prints_them(limit, minutes):
    assert slurm.minutes_of(limit) == minutes


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [
        ("(null)", 0), ("gpu:1", 1), ("gpu:a100:4", 4), ("gpu:2080ti:8(S:0-1)", 8), ("gpu", 1), ("shard:8,gpu:2", 2),
        ("gpu:a100:2(S:0,2),gpu:v100:1", 3), ("license:gpu:7", 0),
    ],
)  # fmt: skip
def test_gpus_as_sinfo_prints_them(resources, gpus):
    assert slurm.gpus_of(resources) == gpus


def test_the_slurm_profile_keeps_every_option_of_the_default_one():
    default, on_cluster = (
        yaml.safe_load((PROFILES / name / "config.yaml").read_text()) for name in ("default", "slurm")
    )
    assert default.items() <= on_cluster.items()


def test_gpus_are_asked_for_in_one_way_only():
    """SLURM refuses `gres` beside `gpu`, and a number of tasks beside either."""
    profile = yaml.safe_load(_users_block_filled_in())
    asked = [profile["default-resources"], *profile["set-resources"].values()]
    rules = "".join(path.read_text() for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    asked.append(dict.fromkeys(re.findall(r"^        (\w+)=suite\.", rules, re.MULTILINE)))
    assert "gpu" in asked[-1]
    for resources in asked:
        assert not {"gres", "gpu_model", "tasks", "tasks_per_gpu", "ntasks", "slurm_extra"} & set(resources)


def test_the_profile_as_it_comes_names_no_place(tmp_path):
    profile = slurm.read_profile()
    assert (profile.partition_of("train"), profile.account, profile.qos) == (None, None, None)
    assert profile.retries == 2


def _users_block_filled_in():
    """The profile after a user has removed every `#` in front of an option."""
    text = (PROFILES / "slurm" / "config.yaml").read_text()
    filled_in = re.sub(r"^( *)# ( *[a-z_-]+:(?: [\w./-]+)?)$", r"\1\2", text, flags=re.MULTILINE)
    assert "# set-resources" not in filled_in
    return filled_in


def test_the_users_block_is_read_once_its_signs_are_removed(tmp_path):
    (tmp_path / "config.yaml").write_text(_users_block_filled_in() + "slurm-array-jobs: train\n")
    profile = slurm.read_profile(tmp_path / "config.yaml")
    assert (profile.partition_of("train"), profile.partition_of("prepare")) == ("gpu", "cpu")
    assert (profile.account, profile.qos, profile.array_rules) == ("my-project", "normal", ("train",))


def test_a_profile_that_is_no_mapping_is_one_sentence(tmp_path):
    (tmp_path / "config.yaml").write_text("- jobs\n")
    with pytest.raises(ConfigError, match="must be a mapping"):
        slurm.read_profile(tmp_path / "config.yaml")


def plan(slug="paper", **resources):
    return SimpleNamespace(slug=slug, scale=SimpleNamespace(resources=Resources(**resources)))


def levels(findings):
    return [(finding.level, finding.name) for finding in findings]


def test_a_request_that_fits_also_when_repeated_passes():
    checks = list(cluster.requests([plan(mem_mb=8000, minutes=200, gpu=1)], Profile(retries=2), [NODE]))
    assert levels(checks) == [("ok", "jobs")]


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ({"mem_mb": 64000}, "64000 MB of memory, main has 32000"),
        ({"minutes": 601}, "601 minutes, main has 600"),
        ({"threads": 9}, "9 threads, main has 8"),
    ],
)
def test_a_request_that_fits_nowhere_stops_the_build(resources, reason):
    (check,) = cluster.requests([plan(**resources)], Profile(retries=2), [NODE])
    assert check.level == "bad"
    assert reason in check.found


def test_a_gpu_is_missing_where_no_node_of_the_partition_has_one():
    kinds = [replace(NODE, gpus=0), replace(NODE, partition="gpu", is_default=False)]
    assert levels(cluster.requests([plan(gpu=1)], Profile(), kinds)) == [("bad", "jobs")]
    assert levels(cluster.requests([plan(gpu=1)], Profile(train_partition="gpu"), kinds)) == [("ok", "jobs")]


def test_a_repetition_that_would_wait_for_ever_is_said_before():
    (check,) = cluster.requests([plan(minutes=400)], Profile(retries=1), [NODE])
    assert check.level == "note"
    assert "failed 1 times asks for 800 minutes, main has 600, and would never start" in check.found


def test_job_arrays_which_lose_results_stop_the_build():
    assert levels(cluster.arrays(Profile(array_rules=("train",)))) == [("bad", "job arrays")]
    assert levels(cluster.arrays(slurm.read_profile())) == []


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (Profile(), []),
        (Profile(partition="main"), []),
        (Profile(partition="mian"), [("bad", "train"), ("bad", "prepare")]),
        (Profile(train_partition="down"), [("bad", "train")]),
    ],
)
def test_partitions_that_do_not_exist_or_are_down_stop_the_build(profile, expected):
    kinds = [NODE, replace(NODE, partition="down", is_default=False, is_up=False)]
    assert levels(cluster.partitions(profile, kinds)) == expected


def test_without_a_default_partition_the_profile_must_name_one():
    kinds = [replace(NODE, is_default=False)]
    assert levels(cluster.partitions(Profile(), kinds)) == [("bad", "train"), ("bad", "prepare")]
    assert levels(cluster.partitions(Profile(partition_file="partitions.yaml"), kinds)) == []


@pytest.mark.parametrize(("age", "level"), [("300 sec", "ok"), ("120 sec", "bad")])
def test_squeue_must_remember_finished_jobs_longer_than_the_pause_between_two_looks(monkeypatch, age, level):
    monkeypatch.setattr(slurm, "setting", lambda name: age)
    assert levels(cluster.watching(Profile())) == [(level, "status")]


def test_sacct_without_accounting_is_refused(monkeypatch):
    def fails(*command):
        raise ClusterError("Slurm accounting storage is disabled")

    monkeypatch.setattr(slurm, "ask", fails)
    (check,) = cluster.watching(Profile(status_command="sacct"))
    assert check.level == "bad"
    assert "set slurm-status-command: squeue" in check.remedy


@pytest.mark.parametrize(
    ("mode", "noted"), [("OFF", False), ("REQUEUE", False), ("CANCEL", True), ("GANG,CANCEL", True)]
)
def test_preemption_that_cancels_is_noted(monkeypatch, mode, noted):
    monkeypatch.setattr(slurm, "setting", lambda name: mode)
    assert bool(list(cluster.preemption())) == noted


def test_a_command_that_is_missing_or_silent_is_one_sentence():
    with pytest.raises(ClusterError, match="there is no tenfold-has-no-such-command on the path"):
        slurm.ask("tenfold-has-no-such-command")
    with pytest.raises(ClusterError, match=r"sleep does not answer within 0\.05 s"):
        slurm.ask("sleep", "5", seconds=0.05)
