"""One build and what can happen to its jobs: each goes on from its checkpoint and ends with the same numbers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest

from tests.cluster.conftest import HELD
from tests.cluster.slurm import wait_until

PAPER = "toy-faults"
RUNS = f"{PAPER}/runs/plane"
REPEATED = {
    "cancelled": "`scancel`; submitted again",
    "sent back to the queue": "`scontrol requeue`, as preemption does; SLURM starts it again",
    "time limit": "killed at its limit; submitted again with twice the time",
    "node lost": "`kill -9` of slurmd and of the job; found missing after some 20 s, submitted again",
}
UNSEEN = {"daemon lost": "`kill -9` of slurmd alone; a second job waits for the first, which goes on unseen"}


@dataclass
class Fault:
    """What happened to one method's job."""

    method: str
    began: float
    again: float | None = None
    """When training went on."""


class BadDay:
    """A build of six jobs on three + three processors, and the damage done to it.

    Five jobs are held at their gates, three on one node and two on the other; the sixth diverges. On the first node one
    is cancelled, one is sent back to the queue (as preemption does) and one runs into its time limit. The daemon of the
    second node is killed: the processes of one of its jobs die with it, those of the other go on unseen.
    """

    def __init__(self, project, cluster, start_build) -> None:
        self.project, self.cluster = project, cluster
        self.faults: dict[str, Fault] = {}
        self.build = start_build(PAPER, "--retries", "1")
        for method in HELD:
            project.wait_for_arrivals(PAPER, method)
        by_node = self._methods_by_node()
        (node, unlucky), (_, others) = sorted(by_node.items(), key=lambda item: len(item[1]))
        self._strike("cancelled", others[0], "scancel", "{job}")
        self._strike("sent back to the queue", others[1], "scontrol", "requeue", "{job}")
        self._strike("time limit", others[2], "scontrol", "update", "JobId={job}", "EndTime=now+1")
        cluster.crash_daemon(node)
        self._strike("node lost", unlucky[0])
        cluster.kill_job(self._job(unlucky[0]))
        self._strike("daemon lost", unlucky[1])
        self.second_build = project.run(*project.command("toy-head"))

        wait_until(lambda: self._state(others[2]) == "TIMEOUT", "the time limit has struck", 200)
        project.open_gate(PAPER, *others, unlucky[0])
        for what in REPEATED:
            fault = self.faults[what]
            project.wait_for_arrivals(PAPER, fault.method, count=2)
            fault.again = project.arrivals(PAPER, fault.method)[1][1]
        wait_until(lambda: "waits for it" in self.log(unlucky[1]), "the repeated job waits for the unseen one", 400)
        project.open_gate(PAPER, unlucky[1])
        self.exit_code = self.build.wait()
        cluster.start_node(node)

    def log(self, method: str) -> str:
        """What training printed, the last time."""
        return self.project.log(PAPER, method)

    def _job(self, method: str) -> str:
        return self.project.arrivals(PAPER, method)[0][0]

    def _state(self, method: str) -> str:
        return self._squeue(method, "%T")

    def _squeue(self, method: str, column: str) -> str:
        job = f"--jobs={self._job(method)}"
        return self.cluster.command("squeue", "--noheader", "--states=all", job, f"--format={column}")

    def _methods_by_node(self) -> dict[str, list[str]]:
        nodes: dict[str, list[str]] = {}
        for method in HELD:
            nodes.setdefault(self._squeue(method, "%N"), []).append(method)
        return nodes

    def _strike(self, what: str, method: str, *command: str) -> None:
        if command:
            self.cluster.command(*(part.format(job=self._job(method)) for part in command))
        self.faults[what] = Fault(method, time.time())


@pytest.fixture(scope="module")
def day(project, cluster, start_build):
    return BadDay(project, cluster, start_build)


@pytest.mark.parametrize("what", [*REPEATED, *UNSEEN])
def test_a_job_ends_with_the_numbers_of_an_undisturbed_run_after(what, day, project, local, record_property):
    fault = day.faults[what]
    results = [where.root / "results" / "smoke" / RUNS / fault.method / "0-1" for where in (project, local)]
    for name in ("metrics.csv", "history.jsonl"):
        assert (results[0] / name).read_bytes() == (results[1] / name).read_bytes()
    lost = "training never stopped" if fault.again is None else f"{fault.again - fault.began:.0f} s"
    record_property("fault", f"| {what} | {(REPEATED | UNSEEN)[what]} | {lost} | yes |")


@pytest.mark.parametrize("what", REPEATED)
def test_a_repeated_job_goes_on_from_its_checkpoint(what, day, project):
    method = day.faults[what].method
    assert "resumes after step 2 of 5" in day.log(method)
    record = json.loads(project.result(f"{RUNS}/{method}/0-1/run.json").read_text())
    assert record["resumed"] == 1


def test_a_job_whose_node_is_cut_off_is_trained_once_and_its_result_is_taken_over(day, project):
    method = day.faults["daemon lost"].method
    assert len(project.arrivals(PAPER, method)) == 1
    assert "waits for it" in day.log(method)


def test_a_job_that_always_fails_is_repeated_then_reported_with_its_log_and_the_rest_goes_on(day, project):
    assert day.exit_code != 0
    output = day.build.output
    assert output.count("Trying to restart job") >= 1
    assert f"results/smoke/logs/train/{PAPER}/plane/failing/0-1.log" in output
    assert "loss is" in output, "the log is shown, not only named"
    assert sorted(path.parts[-3] for path in project.result(RUNS).glob("*/*/metrics.csv")) == sorted(HELD)
    assert "loss is" in project.result("report/index.html").read_text()


def test_a_second_build_on_the_same_results_refuses_and_says_why(day):
    assert day.second_build.returncode != 0
    assert "cannot be locked" in day.second_build.stdout + day.second_build.stderr
