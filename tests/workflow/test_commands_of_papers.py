"""A paper that brings a command: what the command needs is built by Snakemake, once, and the records stay right."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

COMMANDS = """
commands:
  measure:
    title: Measure a run by hand
    method: after-plain
"""
MODULE = '''
"""`tenfold measure`: what the run has predicted."""

import json

from tenfold.training.command import CommandTask


def measure(task: CommandTask, *, digits: int = 3) -> None:
    """Print what is there."""
    print(json.dumps({
        "settings": task.settings, "start": task.start.method, "seed": task.seed, "digits": digits,
        "arrays": sorted(task.data), "predictions": sorted(task.start.predictions), "labels": str(task.labels),
    }))
'''


@pytest.fixture
def project_with_command(fresh_project):
    path = fresh_project.root / "config" / "papers" / "toy-a.yaml"
    text = path.read_text().replace("\nmethods:\n", "\nmethods:\n  after-plain: {title: After, after: plain}\n")
    path.write_text(text + COMMANDS)
    (fresh_project.root / "src" / "tenfold" / "papers" / "toy_a" / "measure.py").write_text(MODULE)
    return fresh_project


def test_what_a_command_needs_is_built_once_and_a_build_finds_nothing_to_do_there(project_with_command):
    project = project_with_command
    listing = project.run("tenfold", "--help", COLUMNS="200")
    assert "Measure a run by hand (toy-a)" in listing.stdout

    answer = project.run("tenfold", "measure", "plane", "--scale", "smoke", "--seed", "1", "--digits", "5")
    assert answer.returncode == 0, answer.stderr
    assert "building with Snakemake" in answer.stderr
    shown = json.loads(answer.stdout)  # nothing but the command's own output
    assert (shown["start"], shown["seed"], shown["digits"]) == ("plain", 1, 5)
    assert shown["arrays"]
    assert shown["predictions"]
    assert shown["labels"] == str(project.root / "labels" / "toy-a" / "plane")

    again = project.run("tenfold", "measure", "plane", "--scale", "smoke")
    assert again.returncode == 0, again.stderr
    assert "Snakemake" not in again.stderr
    planned = {wildcards for rule, wildcards in project.planned() if rule in {"prepare", "train"}}
    assert planned == {"toy-a plane decay 0-1", "toy-b plane", "toy-b plane plain 0-1", "toy-b plane decay 0-1"}


def test_a_build_that_fails_is_told_in_one_sentence(project_with_command):
    project_with_command.replace("src/tenfold/papers/toy_a/prepare.py", "def prepare(", "def not_prepare(")
    answer = project_with_command.run("tenfold", "measure", "plane", "--scale", "smoke")
    assert answer.returncode == 5
    assert answer.stderr.splitlines()[-1].startswith(
        "tenfold: `tenfold measure plane`: what it needs could not be built"
    )
