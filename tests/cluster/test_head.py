"""The process that watches the jobs is killed while an array of them trains; the same command again loses nothing."""

from __future__ import annotations

import pytest

from tests.cluster.slurm import wait_until

PAPER = "toy-head"
METHODS = ("plain", "decay")


@pytest.fixture(scope="module")
def rebuilt(project, cluster, start_build):
    """A build whose head was killed; another build took over while the jobs of the first were still training."""
    first = start_build(PAPER, "--slurm-array-jobs", "train")
    for method in METHODS:
        project.wait_for_arrivals(PAPER, method)
    tasks = cluster.command("squeue", "--noheader", "--array", "--states=running", "--format=%i").split()
    first.kill()
    project.run(*project.command(PAPER, "--unlock"))
    second = start_build(PAPER)
    wait_until(
        lambda: all("waits for it" in project.log(PAPER, method) for method in METHODS),
        "the new jobs wait for the old", 400,
    )  # fmt: skip
    project.open_gate(PAPER, *METHODS)
    assert second.wait() == 0, second.output
    return tasks


def test_jobs_of_one_rule_can_be_submitted_as_an_array(rebuilt):
    assert sorted(task.split("_")[1] for task in rebuilt) == ["1", "2"]


def test_jobs_of_a_killed_head_are_not_trained_again(rebuilt, project):
    assert [len(project.arrivals(PAPER, method)) for method in METHODS] == [1, 1]


def test_the_numbers_are_those_of_an_undisturbed_run(rebuilt, project, local):
    assert project.metrics(PAPER) == local.metrics(PAPER)
