"""The commands around a build: plan, status, verdicts, doctor, new-paper."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]
WIDE = {"COLUMNS": "200"}


def row(text, first):
    """Cells of the table row that starts with `first`."""
    line = next(line for line in text.splitlines() if line.strip("│┃ ").startswith(first))
    return [cell.strip() for cell in line.strip("│┃ ").replace("┃", "│").split("│")]


def test_plan_says_what_would_run_before_anything_runs(fresh_project):
    answer = fresh_project.run("tenfold", "plan", "--scale", "smoke", **WIDE)
    assert answer.returncode == 0, answer.stderr
    assert row(answer.stdout, "toy-a")[:5] == ["toy-a", "2", "0", "0", "0"]
    assert "disk: " in answer.stdout
    assert "data to fetch 0.0 MB; results here 0.0 MB" in answer.stdout
    assert not (fresh_project.root / "results").exists()


def test_plan_counts_what_is_done_and_knows_costs(built_project):
    answer = built_project.run("tenfold", "plan", "--scale", "smoke", **WIDE)
    assert row(answer.stdout, "toy-a")[:5] == ["toy-a", "2", "2", "0", "0"]


def test_status_tells_done_from_stale(project):
    project.replace("config/papers/toy-a.yaml", "weight_decay: 0.5", "weight_decay: 0.6")
    answer = project.run("tenfold", "status", "--scale", "smoke", **WIDE)
    assert answer.returncode == 0, answer.stderr
    assert row(answer.stdout, "toy-a")[:4] == ["toy-a", "1", "", "1"]
    assert row(answer.stdout, "toy-b")[:4] == ["toy-b", "2", "", ""]
    assert "stale: toy-a plane decay 0-1: settings changed" in answer.stdout


def test_status_before_a_build_says_to_do(fresh_project):
    answer = fresh_project.run("tenfold", "status", "--scale", "smoke", **WIDE)
    assert row(answer.stdout, "toy-a")[1:7] == ["", "", "", "", "", "2"]


def test_verdicts_prints_the_matrix_and_where_the_report_is(built_project):
    answer = built_project.run("tenfold", "verdicts", "--scale", "smoke", **WIDE)
    assert row(answer.stdout, "toy-a")[1:3] == ["C1 No decay is better", "inconclusive"]
    assert "report: results/smoke/report/index.html" in answer.stdout


def test_doctor_checks_the_machine(built_project):
    answer = built_project.run("tenfold", "doctor", **WIDE)
    for name in ("Python", "packages", "LightGBM", "device", "disk", "network", "SLURM"):
        assert f" {name}: " in answer.stdout
    assert answer.returncode == 0, answer.stdout


def test_doctor_finds_a_mirror_that_is_not_there(built_project):
    answer = built_project.run("tenfold", "doctor", TENFOLD_MIRROR="/no/such/folder", **WIDE)
    assert answer.returncode == 1
    assert "bad  mirror: /no/such/folder: this folder does not exist" in answer.stdout


@pytest.mark.parametrize(
    ("slug", "message"),
    [("toy-a", "config/papers/toy-a.yaml exists already"), ("My_Paper", "'My_Paper' is not a slug")],
)
def test_new_paper_refuses_bad_and_taken_names(built_project, slug, message):
    answer = built_project.run("tenfold", "new-paper", slug)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_scaffolded_paper_passes_the_conformance_suite(fresh_project):
    shutil.copytree(REPOSITORY / "tests", fresh_project.root / "tests", dirs_exist_ok=True)
    for paper in ("dmf_spe", "ticoserec"):
        shutil.rmtree(fresh_project.root / "tests" / "papers" / paper, ignore_errors=True)
    answer = fresh_project.run("pytest", "tests/papers", "-k", "toy-a or toy_a", "-p", "no:cacheprovider")
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert " passed" in answer.stdout or "100%" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "toy-a", "moon", "plain"), "toy-a: unknown data set 'moon'; known: plane"),
        (("train", "toy-a", "plane", "adam"), "toy-a: unknown method 'adam'; known: plain, decay"),
        (("train", "toy-a", "--seeds", "x"), "--seeds: 'x' is not a block of seeds"),
        (("train", "moon"), "unknown paper 'moon'; known: toy-a, toy-b"),
        (("train", "toy-a", "--scale", "huge"), "unknown scale 'huge'"),
        (("train", "toy-a", "--device", "tpu"), "device: String should match pattern"),
        (("data", "fetch", "moon"), "unknown data set 'moon'"),
        (("evaluate", "toy-a", "plane", "plain", "--seeds", "9"), "does not exist; build it first"),
    ],
)
def test_a_mistake_by_hand_is_one_sentence_and_an_exit_code(built_project, arguments, message):
    answer = built_project.run("tenfold", *arguments)
    assert answer.returncode > 0
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
