"""What a build asks of a cluster, summed by hand for two small papers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tenfold.capacity import demands, table
from tenfold.config import Resources
from tenfold.slurm import Profile
from tenfold.training.job import Job


def paper(slug, count, **resources):
    jobs = [Job("paper", slug, "data", "method", (seed,), {}) for seed in range(count)]
    return SimpleNamespace(slug=slug, scale=SimpleNamespace(resources=Resources(**resources))), jobs


WORK = [
    paper("large", 10, threads=4, mem_mb=16000, minutes=120, gpu=1),
    paper("small", 6, threads=2, mem_mb=2000, minutes=30),
    paper("medium", 2, threads=8, mem_mb=8000, minutes=60, gpu=1),
    paper("done", 0, mem_mb=99000, gpu=1),
]


def test_gpu_hours_and_cpu_hours_are_counted_apart():
    cpu, gpu = demands(WORK, Profile(), lambda job: None)
    assert (cpu.gpu, cpu.jobs, cpu.recorded) == (False, 6, 0)
    assert cpu.hours_at_most == cpu.hours == pytest.approx(6 * 2 * 0.5)
    assert (gpu.gpu, gpu.jobs) == (True, 12)
    assert gpu.hours_at_most == pytest.approx(10 * 2 + 2 * 1)
    assert (gpu.memory_mb, gpu.minutes) == (16000, 120), "a paper with nothing left does not count"


def test_a_job_counts_with_its_record_and_without_one_with_its_stated_limit():
    cpu, gpu = demands(WORK, Profile(), lambda job: 1800.0 if job.seeds == (0,) else None)
    assert (cpu.recorded, cpu.hours) == (1, pytest.approx(2 * 0.5 + 5 * 2 * 0.5))
    assert (gpu.recorded, gpu.hours) == (2, pytest.approx(0.5 + 0.5 + 9 * 2 + 1 * 1))
    assert gpu.hours_at_most == pytest.approx(10 * 2 + 2 * 1)


def test_the_table_says_for_how_many_jobs_a_limit_was_taken_for_a_time():
    profile = Profile(retries=2)
    captions = [str(table(demands(WORK, profile, lambda job, t=t: t), profile).caption) for t in (None, 60.0)]
    assert "18 jobs have no recorded time" in captions[0]
    assert "no recorded time" not in captions[1]
    assert all("repeated up to 2 times" in caption for caption in captions)


def test_the_partition_is_the_one_of_the_profile():
    for profile, name in (
        (Profile(), "the cluster's default"),
        (Profile(partition="cpu"), "cpu"),
        (Profile(partition="cpu", train_partition="gpu"), "gpu"),
        (Profile(partition_file="partitions.yaml"), "best of partitions.yaml"),
    ):
        assert {demand.partition for demand in demands(WORK, profile, lambda job: None)} == {name}


def test_nothing_left_asks_for_nothing():
    assert demands([WORK[-1]], Profile(), lambda job: None) == []
