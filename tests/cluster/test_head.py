"""The process that watches the jobs is killed while they train; the same command again loses nothing."""

from __future__ import annotations

import pytest

from tests.cluster.slurm import wait_until

PAPER = "toy-head"
ENDS_UNSEEN, STILL_RUNS = METHODS = ("plain", "decay")


@pytest.fixture(scope="module")
def rebuilt(project, cluster, start_build):
    """A build whose head was killed: one job ended with nobody watching, the other when the next head was there."""
    first = start_build(PAPER)
    for method in METHODS:
        project.wait_for_arrivals(PAPER, method)
    ((unseen, _),) = project.arrivals(PAPER, ENDS_UNSEEN)
    first.kill()
    project.open_gate(PAPER, ENDS_UNSEEN)
    state = ("squeue", "--noheader", "--states=all", f"--jobs={unseen}", "--format=%T")
    wait_until(lambda: cluster.command(*state) == "COMPLETED", "one job has ended", 400)
    project.run(*project.command(PAPER, "--unlock"))
    second = start_build(PAPER)
    wait_until(lambda: "waits for it" in project.log(PAPER, STILL_RUNS), "the new job waits for the old", 400)
    project.open_gate(PAPER, STILL_RUNS)
    assert second.wait() == 0, second.output


def test_jobs_of_a_killed_head_are_not_trained_again(rebuilt, project):
    assert [len(project.arrivals(PAPER, method)) for method in METHODS] == [1, 1]


def test_the_numbers_are_those_of_an_undisturbed_run(rebuilt, project, local):
    assert project.metrics(PAPER) == local.metrics(PAPER)
