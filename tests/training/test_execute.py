from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from filelock import FileLock

from tenfold.errors import ConfigError, ResultError, RunFailed
from tenfold.files import read_json, write_json
from tenfold.training import device, seeding
from tenfold.training.execute import execute
from tenfold.training.finished import FinishedRun
from tenfold.training.job import Job
from tests.conftest import use_folders


@pytest.fixture
def job(tmp_path, monkeypatch):
    use_folders(tmp_path, monkeypatch)
    job = Job("smoke", "toy", "plane", "plain", (0, 1), {"rate": 0.5})
    write_json(job.prepared / "manifest.json", {"digest": "d"})
    return job


def simple(run):
    for seed in run.seeds:
        for step in (loop := run.loop(f"seed-{seed}", 3, {}, seed=seed)):
            loop.log(seed=seed, loss=1.0 / step)
    run.save_predictions({"seeds": np.array(run.seeds)})
    run.save_model({"weight": torch.ones(2)})


def test_a_finished_run_can_be_read_back(job):
    execute(job, simple, code_digest="c", device="cpu")
    run = FinishedRun(job.directory, job.prepared)
    assert run.predictions["seeds"].tolist() == [0, 1]
    assert [row["step"] for row in run.history] == [1, 2, 3, 1, 2, 3]
    assert run.settings == {"rate": 0.5}
    assert torch.equal(run.model()["weight"], torch.ones(2))
    assert not (job.directory / "unfinished").exists()


def test_a_run_without_predictions_fails_with_a_sentence(job):
    with pytest.raises(ResultError, match="toy plane plain 0-1: the train stage saved no predictions"):
        execute(job, lambda run: None, code_digest="c", device="cpu")


def test_a_failed_run_keeps_its_history_and_says_why(job):
    def diverges(run):
        for step in (loop := run.loop("seed-0", 5, {})):
            loop.log(loss=float("nan") if step == 3 else 1.0)

    with pytest.raises(RunFailed):
        execute(job, diverges, code_digest="c", device="cpu")
    failure = read_json(job.directory / "unfinished" / "failure.json")
    assert "loss is nan at step 3" in failure["message"]
    assert len((job.directory / "unfinished" / "history.jsonl").read_text().splitlines()) == 2
    execute(job, simple, code_digest="c", device="cpu")
    assert not (job.directory / "unfinished").exists()


def test_an_unexpected_error_is_recorded_with_its_traceback(job):
    def breaks(run):
        raise ZeroDivisionError("one over nothing")

    with pytest.raises(ZeroDivisionError):
        execute(job, breaks, code_digest="c", device="cpu")
    failure = json.loads((job.directory / "unfinished" / "failure.json").read_text())
    assert failure["message"] == "ZeroDivisionError: one over nothing"
    assert "breaks" in failure["traceback"]


def test_a_job_that_another_process_trains_is_left_alone(job):
    (job.directory / "unfinished").mkdir(parents=True)
    with (
        FileLock(job.directory / "unfinished" / "lock"),
        pytest.raises(ResultError, match="another process is training this job"),
    ):
        execute(job, simple, code_digest="c", device="cpu")
    assert not (job.directory / "unfinished" / "failure.json").exists()


def test_a_results_folder_that_cannot_be_written_is_one_sentence(job):
    job.directory.parent.mkdir(parents=True)
    job.directory.write_text("a file where a folder should be")
    with pytest.raises(ResultError, match="toy plane plain 0-1: cannot write"):
        execute(job, simple, code_digest="c", device="cpu")


def test_a_device_that_is_not_there_is_one_sentence(job, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="'cuda' asked for, but PyTorch sees no CUDA device"):
        execute(job, simple, code_digest="c", device="cuda")


def test_auto_falls_back_to_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with device.acquire("auto") as chosen:
        assert chosen.type == "cpu"


def test_jobs_on_one_machine_get_different_gpus_and_wait_for_a_free_one(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setattr(device, "POLL_SECONDS", 0)

    class StillWaiting(Exception):
        pass

    def waits(seconds):
        raise StillWaiting

    with device.acquire("auto", tmp_path) as first, device.acquire("auto", tmp_path) as second:
        assert {first.index, second.index} == {0, 1}
        monkeypatch.setattr(device.time, "sleep", waits)
        with pytest.raises(StillWaiting), device.acquire("auto", tmp_path):
            pass
    with device.acquire("auto", tmp_path) as again:
        assert again.index == 0


def test_under_slurm_the_allocation_is_respected(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with device.acquire("auto", tmp_path) as chosen:
        assert chosen == torch.device("cuda")
    assert list(tmp_path.iterdir()) == []


def test_generators_depend_on_seed_and_purpose_only():
    draw = seeding.numpy_generator(3, "negatives").random()
    assert seeding.numpy_generator(3, "negatives").random() == draw
    assert (
        len({draw, seeding.numpy_generator(4, "negatives").random(), seeding.numpy_generator(3, "init").random()}) == 3
    )


def test_a_seeded_block_leaves_the_default_generator_as_it_was():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    with seeding.seeded(5, "init"):
        inside = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with seeding.seeded(5, "init"):
        assert torch.equal(torch.rand(2), inside)
