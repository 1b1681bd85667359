"""The simulation against what is known about scheduling: bounds, and cases worked out by hand."""

from __future__ import annotations

import pytest
from benchmarks.cluster_simulation import Machine, Task, critical_path, play, suite
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.config import Configuration
from tests.conftest import REPOSITORY


@st.composite
def dags(draw):
    """Up to 30 GPU tasks, each after some of those before it."""
    tasks = []
    for number in range(draw(st.integers(1, 30))):
        before = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        seconds = draw(st.floats(0.5, 100))
        tasks.append(Task(str(number), seconds, needs=tuple(map(str, before))))
    return tasks


@given(dags(), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_no_schedule_beats_the_bounds_and_a_greedy_one_keeps_grahams(tasks, gpus):
    machine = Machine(gpus, cpus=4, start_seconds=0.0, submit_seconds=0.0, first_look=0.01, submitted=10**9)
    outcome = play(tasks, machine)
    work, path = sum(task.seconds for task in tasks), critical_path(tasks)
    assert outcome.seconds >= max(work / gpus, path) - 1e-6
    unseen = len(tasks) * 180  # at most one longest pause before each task is seen
    assert outcome.seconds <= work / gpus + path + unseen
    assert outcome.busy["gpu"] == pytest.approx(work)


def test_independent_jobs_on_one_gpu_take_the_sum_and_what_each_start_costs():
    tasks = [Task(str(number), 100.0) for number in range(10)]
    outcome = play(tasks, Machine(1, cpus=1, start_seconds=8.0, submit_seconds=0.0))
    assert 1080 <= outcome.seconds <= 1080 + 180
    assert outcome.utilization(Machine(1, cpus=1)) == pytest.approx(1000 / outcome.seconds)


def test_a_chain_waits_for_the_heads_next_look_at_each_link():
    tasks = [Task("a", 10.0), Task("b", 10.0, needs=("a",))]
    outcome = play(tasks, Machine(2, cpus=1, start_seconds=0.0, submit_seconds=0.0, first_look=40.0))
    assert outcome.seconds == pytest.approx(80.0), "a is seen at 40 s, b starts there, and is seen 40 s later"


def test_looks_become_rarer_while_nothing_ends():
    outcome = play([Task("a", 125.0)], Machine(1, cpus=1, start_seconds=0.0, submit_seconds=0.0, first_look=40.0))
    assert outcome.seconds == pytest.approx(40 + 50 + 60)


def test_no_more_jobs_run_than_the_profile_lets_be_submitted():
    tasks = [Task(str(number), 100.0) for number in range(100)]
    few = play(tasks, Machine(64, cpus=1, submitted=10))
    many = play(tasks, Machine(64, cpus=1, submitted=200))
    assert few.seconds > 3 * many.seconds


def test_light_rules_wait_for_the_head():
    tasks = [Task(str(number), 10.0, place="head") for number in range(6)]
    assert play(tasks, Machine(1, cpus=1, head=2)).seconds == pytest.approx(30.0)


def test_a_task_that_never_fits_is_said():
    with pytest.raises(ValueError, match="never fits: wide"):
        play([Task("wide", 1.0, place="cpu", amount=9)], Machine(1, cpus=8))


def test_the_suites_dag_can_be_played_and_every_run_is_measured():
    tasks = suite(Configuration(REPOSITORY / "config", scale="paper"), share=0.5)
    names = {task.name for task in tasks}
    assert all(set(task.needs) <= names for task in tasks)
    trained = {name.removeprefix("train ") for name in names if name.startswith("train ")}
    assert trained == {name.removeprefix("evaluate ") for name in names if name.startswith("evaluate ")}
    assert play(tasks, Machine(8, cpus=64)).seconds >= critical_path(tasks)
