"""dvc.lock: an error where no rebuild would put it right, a note where it is older than the code."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.versions import lock, pipeline
from tests.conftest import REPOSITORY
from tests.made_up_project import SCALE, Project

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
STAGES = ["data-unshared@films-raw", "data-unshared@gated-raw", "data-unshared@own-raw", "reproduce-made-up", "report"]


@pytest.fixture
def write_lock(project: Project, without_code, monkeypatch):
    """Write a dvc.lock with these stages, at a scale."""
    monkeypatch.setattr(lock, "FILE", project.root / "dvc.lock")

    def write(stages=STAGES, scale=SCALE):
        stage = {"cmd": "x", "params": {"config/suite.yaml": {"scale": scale}}, "outs": [{"path": "x", "md5": MD5}]}
        content = {"schema": "2.0", "stages": {name: json.loads(json.dumps(stage)) for name in stages}}
        lock.FILE.write_text(yaml.safe_dump(content))
        return project.configuration

    return write


@pytest.fixture
def dvc_says(monkeypatch):
    """What `dvc status --json` answers."""

    def answer(status):
        done = subprocess.CompletedProcess([], 0, json.dumps(status), "")
        monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: done)

    return answer


def test_the_committed_lock_is_of_this_pipeline_and_of_the_default_scale():
    """If this fails: `tenfold versions`, or `make lock-results` at the scale of config/suite.yaml."""
    configuration = Configuration(REPOSITORY / "config")
    if not (REPOSITORY / "dvc.lock").is_file():
        pytest.skip("no dvc.lock is committed")
    lock.check_lock(configuration)
    stages = yaml.safe_load((REPOSITORY / "dvc.lock").read_text())["stages"]
    assert {stage["params"][pipeline.SUITE]["scale"] for stage in stages.values()} == {configuration.suite.scale}


def test_a_lock_with_the_stages_of_the_pipeline_is_good(write_lock, dvc_says):
    dvc_says({})
    configuration = write_lock()
    lock.check_lock(configuration)
    assert lock.notes(configuration) == []
    assert lock.drop_unknown_stages(configuration) == []


def test_stages_that_no_longer_exist_are_an_error_and_can_be_taken_out(write_lock):
    configuration = write_lock([*STAGES, "reproduce-old", "data@old-raw"])
    with pytest.raises(ConfigError, match=r"that dvc\.yaml does not have: data@old-raw, reproduce-old"):
        lock.check_lock(configuration)
    assert lock.drop_unknown_stages(configuration) == ["data@old-raw", "reproduce-old"]
    lock.check_lock(configuration)
    assert sorted(yaml.safe_load(lock.FILE.read_text())["stages"]) == sorted(STAGES)


@pytest.mark.parametrize(
    "text",
    ["schema: '1.0'", "schema: '2.0'\nstages: [report]", "<<<<<<< HEAD\nschema: '2.0'", "", "schema: '2.0'\nx: 1"],
)
def test_a_lock_that_dvc_cannot_read_is_an_error(write_lock, text):
    configuration = write_lock()
    lock.FILE.write_text(text)
    with pytest.raises(ConfigError, match=r"dvc\.lock is damaged"):
        lock.check_lock(configuration)


def test_changed_code_is_a_note_and_missing_data_is_none(write_lock, dvc_says):
    dvc_says(
        {
            "reproduce-made-up": [
                {"changed deps": {"src/tenfold/claims": "modified", "data/raw/own-raw": "deleted"}},
                {"changed outs": {"results/tiny/made-up": "deleted"}},
                "changed command",
            ],
            "report": [{"changed deps": {"results/tiny/made-up": "deleted"}}],
        }
    )
    (note,) = lock.notes(write_lock())
    assert "older than the code of reproduce-made-up (src/tenfold/claims, its command): `make lock-results`" in note


def test_a_paper_that_was_not_locked_is_a_note(write_lock, dvc_says):
    dvc_says({"report": [{"changed deps": {"Snakefile": "new"}}]})
    (note,) = lock.notes(write_lock(STAGES[:-1]))
    assert note.startswith("dvc.lock has no report: ")


def test_a_lock_of_another_scale_and_no_lock_are_notes(write_lock):
    (note,) = lock.notes(write_lock(scale="huge"))
    assert note.startswith("dvc.lock is of scale huge, config/suite.yaml says tiny")
    configuration = write_lock()
    lock.FILE.unlink()
    lock.check_lock(configuration)
    (note,) = lock.notes(configuration)
    assert note.startswith("there is no dvc.lock")
