"""One process a job, also when the other one dies hard, is slow, or sits on a file system without locks."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from filelock import FileLock

from tenfold.errors import ResultError
from tenfold.files import read_json, write_json
from tenfold.training import exclusive
from tenfold.training.exclusive import is_locked, only_process, patience
from tenfold.training.execute import execute
from tenfold.training.job import Job
from tests.conftest import use_folders


@pytest.fixture
def job(tmp_path, monkeypatch):
    use_folders(tmp_path, monkeypatch)
    monkeypatch.setattr(exclusive, "POLL_SECONDS", 0.02)
    job = Job("smoke", "toy", "plane", "plain", (0,), {"rate": 0.5})
    write_json(job.prepared / "manifest.json", {"digest": "d"})
    return job


@pytest.fixture
def folder(job):
    folder = job.directory / "unfinished"
    folder.mkdir(parents=True)
    return folder


class GatedTraining:
    """A train stage that goes on when it is told to; counts how often it ran."""

    def __init__(self):
        self.began, self.gate, self.runs = threading.Event(), threading.Event(), 0

    def __call__(self, run):
        self.runs += 1
        self.began.set()
        assert self.gate.wait(30)
        run.save_predictions({"seeds": np.array(run.seeds)})


@pytest.fixture
def training():
    return GatedTraining()


def in_thread(function, *arguments, **named):
    thread = threading.Thread(target=function, args=arguments, kwargs=named)
    thread.start()
    return thread


def test_outside_of_a_cluster_nobody_waits(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.delenv("TENFOLD_LOCK_SECONDS", raising=False)
    assert patience() == 0
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert patience() > 90, "an NFSv4 server keeps the locks of a dead node for about 90 s"
    monkeypatch.setenv("TENFOLD_LOCK_SECONDS", "5")
    assert patience() == 5


def test_who_waited_takes_the_result_of_the_other_process(job, training, monkeypatch, capsys):
    monkeypatch.setenv("TENFOLD_LOCK_SECONDS", "20")
    threads = [in_thread(execute, job, training, code_digest="c", device="cpu")]
    assert training.began.wait(30)
    threads.append(in_thread(execute, job, training, code_digest="c", device="cpu"))
    time.sleep(0.2)
    training.gate.set()
    for thread in threads:
        thread.join(30)
    assert training.runs == 1
    assert "waits for it" in capsys.readouterr().err
    assert read_json(job.directory / "run.json")["method"] == "plain"
    assert not (job.directory / "unfinished").exists()


def test_who_waited_for_a_job_with_other_code_trains_again(job, training, monkeypatch):
    monkeypatch.setenv("TENFOLD_LOCK_SECONDS", "20")
    first = in_thread(execute, job, training, code_digest="old", device="cpu")
    assert training.began.wait(30)
    second = in_thread(execute, job, training, code_digest="new", device="cpu")
    time.sleep(0.2)
    training.gate.set()
    first.join(30)
    second.join(30)
    assert training.runs == 2
    assert read_json(job.directory / "run.json")["code_digest"] == "new"


def test_without_waiting_a_finished_job_is_trained_again_when_asked(job, training):
    training.gate.set()
    for _ in range(2):
        execute(job, training, code_digest="c", device="cpu")
    assert training.runs == 2


def test_the_lock_of_a_process_that_was_killed_is_free(job, folder):
    code = "import sys; from filelock import FileLock\nwith FileLock(sys.argv[1]): print('held', flush=True); input()"
    command = [sys.executable, "-c", code, str(folder / "lock")]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    assert is_locked(folder)
    holder.kill()
    holder.communicate()
    assert not is_locked(folder)
    with only_process(job) as waited:
        assert not waited


def test_a_silent_process_is_waited_for_only_so_long(job, folder):
    began = time.monotonic()
    with (
        FileLock(folder / "lock"),
        pytest.raises(ResultError, match="another process is training this job"),
        only_process(job, patience=0.3),
    ):
        pass
    assert 0.3 <= time.monotonic() - began < 5


def test_a_process_that_leaves_traces_is_waited_for_longer(job, folder):
    lock = FileLock(folder / "lock", thread_local=False)
    lock.acquire()

    def writes_then_ends():
        for step in range(12):
            time.sleep(0.1)
            (folder / "history.jsonl").write_text("x" * step)
        lock.release()

    thread = in_thread(writes_then_ends)
    with only_process(job, patience=0.6) as waited:
        assert waited
    thread.join()


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_on_a_file_system_without_locks_the_run_goes_on_and_says_so(job, training, monkeypatch, capsys, code):
    def refuses(descriptor, operation):
        raise OSError(code, "not here")

    monkeypatch.setattr(fcntl, "flock", refuses)
    training.gate.set()
    execute(job, training, code_digest="c", device="cpu")
    assert (job.directory / "run.json").exists()
    assert not (job.directory / "unfinished").exists()
    assert "this file system has no locks" in capsys.readouterr().err


def test_an_old_lock_file_on_a_file_system_without_locks_stops_nothing(job, folder, monkeypatch):
    def refuses(descriptor, operation):
        raise OSError(errno.ENOSYS, "not here")

    (folder / "lock").touch()
    monkeypatch.setattr(fcntl, "flock", refuses)
    assert not is_locked(folder)
    with only_process(job) as waited:
        assert not waited
