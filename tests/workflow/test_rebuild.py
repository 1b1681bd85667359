"""Rebuild exactly what changed, go on after a kill, survive a failing run."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from zipfile import ZipFile

import pytest

# One worker runs all of them: the built project is made once.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

SUITE = {("report", ""), ("track", ""), ("all", "")}


def test_everything_is_built(built_project):
    results = built_project.root / "results" / "smoke"
    for paper in ("toy-a", "toy-b"):
        assert json.loads((results / paper / "claims.json").read_text())[0]["verdict"]
        assert (results / paper / "figures" / "f1-error.pdf").exists()
    assert (results / "report" / "index.html").exists()
    assert (built_project.root / "results" / "mlflow" / "mlflow.db").exists()


def test_a_second_run_does_nothing(project):
    assert project.planned() == set()


def test_new_modification_times_rerun_nothing(project):
    for folder in ("data", "results", "src", "config"):
        for path in (project.root / folder).rglob("*"):
            os.utime(path)
    assert project.planned() == set()


def test_a_changed_plot_reruns_only_figures_and_what_follows(project):
    project.replace("src/tenfold/papers/toy_a/figures.py", "mean squared error", "squared error")
    assert project.planned() == {("figures", "toy-a"), *SUITE}


def test_a_changed_setting_of_one_method_reruns_only_its_runs_and_what_follows(project):
    project.replace("config/papers/toy-a.yaml", "weight_decay: 0.5", "weight_decay: 0.6")
    assert project.planned() == {
        ("train", "toy-a plane decay 0-1"), ("evaluate", "toy-a plane decay 0-1"),
        ("collect", "toy-a"), ("figures", "toy-a"), ("claims", "toy-a"), *SUITE,
    }  # fmt: skip


def test_a_changed_model_reruns_its_paper_only(project):
    project.replace("src/tenfold/papers/toy_a/model.py", "The model: a plane.", "The model: a flat plane.")
    planned = project.planned()
    assert ("train", "toy-a plane plain 0-1") in planned
    assert ("prepare", "toy-a plane") not in planned
    assert not any("toy-b" in wildcards for _, wildcards in planned)


def test_a_changed_claim_trains_and_draws_nothing(project):
    project.replace("config/papers/toy-a.yaml", "direction: lower", "direction: higher")
    assert project.planned() == {("claims", "toy-a"), *SUITE}


def test_a_changed_data_setting_reruns_what_uses_the_data(project):
    project.replace("config/papers/toy-a.yaml", "prepare: {samples: 200}", "prepare: {samples: 100}")
    rules = {rule for rule, wildcards in project.planned() if "toy-a" in wildcards}
    assert rules == {"prepare", "train", "evaluate", "collect", "figures", "claims"}


def test_a_removed_method_is_taken_out_of_the_results(project):
    project.replace("config/papers/toy-b.yaml", "methods: [plain, decay]", "methods: [plain]")
    assert ("collect", "toy-b") in project.planned()
    assert not {rule for rule, _ in project.planned()} & {"train", "evaluate", "prepare"}


def test_one_paper_can_be_built_alone(fresh_project):
    answer = fresh_project.build("toy-b")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert not (fresh_project.root / "results" / "smoke" / "toy-a").exists()


def test_stages_by_hand_give_the_same_result(built_project, fresh_project):
    for stage in ("prepare", "train", "evaluate", "collect"):
        answer = fresh_project.run("tenfold", stage, "toy-a", "--scale", "smoke")
        assert answer.returncode == 0, answer.stderr
    assert fresh_project.metrics("toy-a") == built_project.metrics("toy-a")


def _slow(project):
    """Make training take long enough to be interrupted, and save at every step."""
    project.replace("config/papers/toy-a.yaml", "settings: {epochs: 5}", "settings: {epochs: 200}")
    return {"TENFOLD_CHECKPOINT_SECONDS": "0"}


def _wait_for(pattern, root, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(root.glob(pattern)):
            return
        time.sleep(0.05)
    pytest.fail(f"{pattern} did not appear")


def test_kill_9_during_training_then_the_same_command_gives_the_same_result(fresh_project, tmp_path):
    environment = _slow(fresh_project)
    undisturbed = fresh_project.copy(tmp_path / "undisturbed")
    assert undisturbed.build("toy-a", **environment).returncode == 0

    process = fresh_project.start("snakemake", "--cores", "2", "toy-a", "--config", "scale=smoke", **environment)
    _wait_for("results/smoke/toy-a/runs/plane/*/0-1/unfinished/checkpoint-seed-*.pt", fresh_project.root)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (fresh_project.root / "results" / "smoke" / "toy-a" / "metrics.csv").exists()

    assert fresh_project.run("snakemake", "--unlock", "--config", "scale=smoke").returncode == 0
    again = fresh_project.build("toy-a", **environment)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "resumes after step" in again.stdout + again.stderr
    assert fresh_project.metrics("toy-a") == undisturbed.metrics("toy-a")


def test_two_builds_at_once_the_second_refuses_and_harms_nothing(fresh_project):
    environment = _slow(fresh_project)
    first = fresh_project.start("snakemake", "--cores", "1", "toy-a", "--config", "scale=smoke", **environment)
    _wait_for("results/smoke/toy-a/runs/plane/*/0-1/unfinished/history.jsonl", fresh_project.root)
    second = fresh_project.build("toy-a")
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout + second.stderr
    output, _ = first.communicate(timeout=200)
    assert first.returncode == 0, output


def test_a_diverging_run_fails_alone_and_the_report_shows_it(fresh_project):
    fresh_project.replace(
        "config/papers/toy-b.yaml", "settings: {weight_decay: 0.5}", "settings: {learning_rate: 1e30}"
    )
    answer = fresh_project.build()
    output = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "loss is" in output
    results = fresh_project.root / "results" / "smoke"
    failed = results / "toy-b" / "runs" / "plane" / "decay" / "0-1" / "unfinished"
    assert json.loads((failed / "failure.json").read_text())["error"] == "RunFailed"
    assert (failed / "history.jsonl").exists()
    assert (results / "toy-a" / "claims.json").exists()
    assert "not tested" in (results / "toy-b" / "claims.json").read_text()
    page = (results / "report" / "index.html").read_text()
    assert "loss is" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--config", "scale=huge"), "unknown scale 'huge'; toy-a has: smoke, quick, standard, paper"),
        (("--config", "papers=[toy-c]"), "unknown paper 'toy-c'; known: toy-a, toy-b"),
        (("--config", "sclae=smoke"), "sclae: unknown key; allowed here"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(built_project, arguments, message):
    answer = built_project.run("snakemake", "-n", *arguments)
    assert answer.returncode != 0
    assert message in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr


def test_parsing_the_workflow_imports_nothing_heavy(built_project):
    code = (
        "import sys, yaml, pathlib; from tenfold.workflow import Workflow;"
        "w = Workflow(yaml.safe_load(pathlib.Path('config/suite.yaml').read_text()) | {'scale': 'smoke'});"
        "w.check(); w.targets();"
        "w.package_code('tenfold.report.site');"
        "print(sorted({'torch', 'pandas', 'mlflow', 'matplotlib', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    answer = built_project.run("python", "-c", code)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_snakemakes_own_report_shows_figures_tables_and_verdicts_with_captions(built_project, tmp_path):
    answer = built_project.build("--report", str(tmp_path / "report.zip"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    with ZipFile(tmp_path / "report.zip") as archive:
        page = archive.read("report/report.html").decode()
        names = {name.rpartition("/")[2] for name in archive.namelist()}
    assert names == {"report.html", "f1-error.png", "toy-a.html", "toy-b.html", "verdicts.html"}
    (categories,) = re.findall(r"categories = (\{.*\});?\n", page)
    assert json.loads(categories) == {
        "All papers": {"Other": ["results/smoke/report/verdicts.html"]},
        **{
            paper: {
                "Figures": [f"results/smoke/{paper}/figures/f1-error.png"],
                "Verdicts and tables": [f"results/smoke/report/sheets/{paper}.html"],
            }
            for paper in ("toy-a", "toy-b")
        },
    }
    assert "<strong>Error by method.</strong> Mean squared error on the held-out points." in page
    assert "Snakemake's own report of a build of <strong>tenfold</strong> at scale" in page


def test_a_figure_that_is_no_longer_declared_goes_away(project):
    project.replace("config/papers/toy-a.yaml", "  f1-error:", "  f2-error:")
    project.replace("src/tenfold/papers/toy_a/figures.py", "f1-error", "f2-error")
    answer = project.build("results/smoke/toy-a/figures.json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    names = {path.name for path in (project.root / "results" / "smoke" / "toy-a" / "figures").glob("[!.]*")}
    assert names == {"f2-error.pdf", "f2-error.png"}
