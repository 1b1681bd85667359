from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from tenfold import paths
from tenfold.cli import readiness
from tenfold.data import fetch as fetching
from tenfold.errors import DataError, ResultError
from tenfold.files import read_json, write_json


@pytest.fixture
def builds(monkeypatch):
    """The Snakemake commands that would have run; none does."""
    commands = []

    def run(command, **options):
        commands.append((command, options))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(readiness, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(fetching, "fetch", lambda name, *_, **__: commands.append((["fetch", name], {})))
    return commands


def test_nothing_is_built_when_all_is_as_it_should_be(ready, builds):
    ready.call("greet", "toy")
    ready.call("greet", "own")
    assert len(ready.calls) == 2
    assert builds == []


def test_raw_data_is_fetched_and_snakemake_asked_for_data_and_run(greeting, builds):
    greeting.call("greet", "own", "--seed", "1")
    [fetched, (command, options)] = builds
    assert fetched[0] == ["fetch", "own-raw"]
    assert command[1:5] == ["-m", "snakemake", "--cores", "all"]
    assert command[5:] == [
        "data/prepared/tiny/made-up/own/data.npz",
        "data/prepared/tiny/made-up/own/manifest.json",
        "results/tiny/made-up/runs/own/ours/0-2/run.json",
        "results/tiny/made-up/runs/own/ours/0-2/predictions.npz",
        "--quiet",
        "host",
        "rules",
        "reason",
        "--config",
        "scale=tiny",
        "papers=[made-up]",
    ]
    assert options["cwd"] == greeting.project.root
    assert options["stdout"] == 2  # stdout belongs to the command


def test_a_command_without_a_method_needs_prepared_data_only(greeting, builds):
    greeting.declare({"greet": {"title": "Say hello"}})
    greeting.call("greet", "toy")
    [(command, _)] = builds
    assert [part for part in command if part.startswith(("data/", "results/"))] == [
        "data/prepared/tiny/made-up/toy/data.npz",
        "data/prepared/tiny/made-up/toy/manifest.json",
    ]
    [(task, _)] = greeting.calls
    assert task.start is None
    assert task.settings == {}


@pytest.mark.parametrize("what", ["run", "prepared", "settings", "code"])
def test_what_is_missing_or_outdated_is_built(ready, builds, monkeypatch, what):
    manifest = paths.prepared("tiny", "made-up", "toy") / "manifest.json"
    if what == "run":
        (paths.run("tiny", "made-up", "toy", "ours", "0-2") / "run.json").unlink()
    elif what == "prepared":
        manifest.unlink()
    elif what == "settings":
        write_json(manifest, read_json(manifest) | {"settings": {"length": 3}})
    else:
        monkeypatch.setattr("tenfold.stages.train_code_digest", lambda plan: "new")
    ready.call("greet", "toy")
    assert len(builds) == 1


def test_a_failed_build_is_one_sentence_with_the_command_to_repeat(greeting, builds, monkeypatch):
    monkeypatch.setattr(
        readiness, "subprocess", SimpleNamespace(run=lambda *_, **__: subprocess.CompletedProcess([], returncode=1))
    )
    answer = greeting.call("greet", "toy")
    assert isinstance(answer.exception, ResultError)
    assert "`tenfold greet toy`: what it needs could not be built" in str(answer.exception)
    assert "snakemake --cores all data/prepared/tiny/made-up/toy/data.npz" in str(answer.exception)
    assert not greeting.calls


def test_raw_data_without_a_working_source_is_one_sentence(greeting, builds, monkeypatch):
    def unreachable(name, *_, **__):
        raise DataError(f"data set {name} cannot be fetched: mirror: no such folder")

    monkeypatch.setattr(fetching, "fetch", unreachable)
    answer = greeting.call("greet", "own")
    assert isinstance(answer.exception, DataError)
    assert str(answer.exception) == "data set own-raw cannot be fetched: mirror: no such folder"
    assert builds == []
