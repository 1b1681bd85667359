"""The suite through the profile on an undisturbed cluster."""

from __future__ import annotations

import json
import re

import pytest

from tests.cluster.slurm import can_cut_network

PAPERS = "toy-a,toy-b"


@pytest.fixture(scope="module")
def build(project, start_build):
    """Two papers built on the cluster, one of them with GPUs; the profile names a partition for training."""
    profile = "profiles/slurm/config.yaml"
    project.replace(profile, "  # slurm_partition: cpu", "  slurm_partition: main")
    project.replace(profile, "  # qos: normal", "  qos: normal")
    project.replace(
        profile, "# set-resources:\n#   train:\n#     slurm_partition: gpu",
        "set-resources:\n  train:\n    slurm_partition: urgent",
    )  # fmt: skip
    for paper in ("toy-a", "toy-b"):
        project.open_gate(paper, "plain", "decay")
    build = start_build(PAPERS)
    assert build.wait() == 0, build.output
    return build


def jobs(cluster):
    """SLURM's own record: rule and wildcards -> partition, node, what was asked of it."""
    lines = cluster.command("squeue", "--states=all", "--noheader", "--format=%i|%P|%N|%k").splitlines()
    found = {}
    for number, partition, node, comment in (line.split("|") for line in lines):
        details = cluster.command("scontrol", "show", "job", number)
        found[comment] = {
            "partition": partition,
            "node": node,
            "asked": " ".join(re.findall(r"(?:TRES|TresPerJob)=(\S+)", details)),
        }
    return found


@pytest.fixture(scope="module")
def slurm_jobs(build, cluster):
    return {name: job for name, job in jobs(cluster).items() if "toy-a" in name or "toy-b" in name}


def test_the_smoke_suite_ends_with_the_numbers_of_a_local_run(build, project, local):
    for paper in ("toy-a", "toy-b"):
        assert project.metrics(paper) == local.metrics(paper)
        assert json.loads(project.result(f"{paper}/claims.json").read_text())[0]["verdict"]
    assert project.result("report/index.html").exists()
    assert project.result("tracking.json").exists()


def test_a_second_build_has_nothing_to_do(build, project):
    answer = project.run(*project.command(PAPERS, "-n"))
    assert "Nothing to be done" in answer.stdout + answer.stderr


def test_only_prepare_and_train_become_slurm_jobs_and_the_light_rules_stay_with_the_head(slurm_jobs):
    assert sorted(name.split("_")[1] for name in slurm_jobs) == ["prepare"] * 2 + ["train"] * 4


def test_jobs_land_on_both_nodes(slurm_jobs):
    assert {job["node"] for job in slurm_jobs.values()} == {"n1", "n2"}


def test_jobs_go_to_the_partition_that_the_profile_names_for_their_rule(slurm_jobs):
    partitions = {(name.split("_")[1], job["partition"]) for name, job in slurm_jobs.items()}
    assert partitions == {("prepare", "main"), ("train", "urgent")}


def test_a_job_asks_for_what_its_scale_says_and_only_for_a_gpu_where_that_has_one(slurm_jobs):
    for name, job in slurm_jobs.items():
        assert "cpu=1,mem=500M" in job["asked"]
        assert ("gpu:1" in job["asked"]) == (name.startswith("rule_train") and "toy-b" in name)


def test_a_gpu_job_sees_its_gpu_and_another_one_none(build, project):
    for paper, visible in (("toy-a", None), ("toy-b", "0")):
        for method in ("plain", "decay"):
            host = json.loads(project.result(f"{paper}/runs/plane/{method}/0-1/run.json").read_text())["host"]
            assert host["visible_gpus"] == visible
            assert host["slurm_node"] in {"n1", "n2"}


@pytest.mark.skipif(not can_cut_network(), reason="this user may not start processes without a network")
def test_the_work_of_a_rule_has_no_network_on_the_nodes(build, project):
    probe = "import socket; socket.create_connection(('127.0.0.1', 6817), timeout=5)"
    answer = project.run("srun", "--time=1", "--mem=100", "python", "-c", probe)
    assert "Network is unreachable" in answer.stderr, "the whole build ran in steps like this one"
