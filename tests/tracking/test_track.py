"""Loading result files into MLflow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenfold import paths
from tenfold.errors import ResultError
from tenfold.evaluation import MetricRow, write_metrics
from tenfold.files import write_json
from tenfold.tracking import track
from tenfold.tracking.records import flattened, metric_name
from tests.made_up_project import SCALE, Project

if TYPE_CHECKING:
    from tests.tracking.conftest import Tracked


def first_jobs(project: Project, count: int = 2) -> list:
    jobs = project.jobs()[:count]
    for job in jobs:
        project.finish(job)
    return jobs


def test_each_seed_is_a_run_with_its_settings_curve_metrics_and_tags(tracked: Tracked) -> None:
    job = first_jobs(tracked.project, 1)[0]
    track(SCALE)
    runs = tracked.runs()
    assert sorted(runs) == [f"tiny/own/ours/{seed}" for seed in (0, 1, 2)]
    run = runs["tiny/own/ours/2"]
    assert run.data.params == {"learning_rate": "0.01", "model.width": "8"}
    assert tracked.curve(run, "loss") == [
        (row["step"], row["loss"]) for row in tracked.project.history(job) if row["seed"] == 2
    ]
    assert run.data.metrics["test/ndcg_at_10"] == pytest.approx(0.52)
    assert run.data.metrics["validation/error"] == pytest.approx(5.02)
    expected = {
        "scale": "tiny", "dataset": "own", "data_kind": "paper", "method": "ours", "seed": "2", "host": "secret-node",
        "data_digest": "data-own", "code_digest": "c0de", "settings_digest": job.digest, "version.torch": "2.13.0",
    }  # fmt: skip
    assert expected.items() <= run.data.tags.items()
    assert "slurm_job" not in run.data.tags
    assert run.info.status == "FINISHED"
    assert run.info.end_time - run.info.start_time == 14_000
    assert [(data.dataset.name, data.dataset.digest) for data in run.inputs.dataset_inputs] == [("own", "data-own")]


def test_rows_of_a_loop_over_all_seeds_belong_to_each(tracked: Tracked) -> None:
    job = first_jobs(tracked.project, 1)[0]
    rows = [{"loop": "warm-up", "step": 1, "loss": 3.0}, {"loop": "seed-1", "step": 1, "loss": 2.0}]
    (job.directory / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    track(SCALE)
    curves = {
        name[-1]: (tracked.curve(run, "warm-up/loss"), tracked.curve(run, "loss"))
        for name, run in tracked.runs().items()
    }
    assert curves == {"0": ([(1, 3.0)], []), "1": ([(1, 3.0)], [(1, 2.0)]), "2": ([(1, 3.0)], [])}


def test_repeating_adds_nothing(tracked: Tracked, capsys: pytest.CaptureFixture[str]) -> None:
    first_jobs(tracked.project)
    track(SCALE)
    before = {name: run.info.run_id for name, run in tracked.runs().items()}
    written = (paths.RESULTS / SCALE / "tracking.json").stat().st_mtime_ns
    track(SCALE)
    assert {name: run.info.run_id for name, run in tracked.runs().items()} == before
    assert "track: tiny: 6 unchanged" in capsys.readouterr().out
    assert (paths.RESULTS / SCALE / "tracking.json").stat().st_mtime_ns == written


def test_a_changed_run_replaces_its_predecessor(tracked: Tracked) -> None:
    first, second = first_jobs(tracked.project)
    track(SCALE)
    before = tracked.runs()
    tracked.project.finish(first, quality=0.9, code_digest="new")
    track(SCALE)
    after = tracked.runs()
    assert after.keys() == before.keys()
    assert after["tiny/own/ours/0"].data.metrics["test/ndcg_at_10"] == 0.9
    kept = {name for name in before if before[name].info.run_id == after[name].info.run_id}
    assert kept == {name for name in before if second.method in name}


def test_metrics_that_come_later_are_added_in_place(tracked: Tracked) -> None:
    job = first_jobs(tracked.project, 1)[0]
    metrics = (job.directory / "metrics.csv").read_text()
    (job.directory / "metrics.csv").unlink()
    track(SCALE)
    before = tracked.runs()["tiny/own/ours/0"]
    assert list(before.data.metrics) == ["loss"]
    (job.directory / "metrics.csv").write_text(metrics)
    track(SCALE)
    after = tracked.runs()["tiny/own/ours/0"]
    assert after.info.run_id == before.info.run_id
    assert after.data.metrics["test/ndcg_at_10"] == 0.5


def test_metrics_that_are_not_a_number_are_kept_as_such(tracked: Tracked) -> None:
    job = first_jobs(tracked.project, 1)[0]
    row = MetricRow("made-up", "own", "paper", "ours", 0, "test", "error", float("nan"))
    write_metrics(job.directory / "metrics.csv", [row])
    track(SCALE)
    value = tracked.runs()["tiny/own/ours/0"].data.metrics["test/error"]
    assert value != value


def test_a_run_that_was_cut_off_while_it_was_written_is_written_anew(
    tracked: Tracked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenfold.tracking.store import Store

    first_jobs(tracked.project, 1)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "log_dataset", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            track(SCALE)
    assert len(tracked.runs()) == 1
    track(SCALE)
    assert {run.info.status for run in tracked.runs().values()} == {"FINISHED"}
    assert len(tracked.runs()) == 3
    assert len(tracked.curve(tracked.runs()["tiny/own/ours/0"], "loss")) == 30


def test_of_overlapping_blocks_of_seeds_the_latest_counts(tracked: Tracked) -> None:
    job = first_jobs(tracked.project, 1)[0]
    old = job.directory.with_name("1")
    old.mkdir()
    record = json.loads((job.directory / "run.json").read_text())
    write_json(old / "run.json", record | {"seeds": [1], "finished": "2024-01-01T00:00:00+00:00", "code_digest": "old"})
    track(SCALE)
    assert {run.data.tags["code_digest"] for run in tracked.runs().values()} == {"c0de"}


def test_damaged_runs_are_skipped_and_named(tracked: Tracked, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = first_jobs(tracked.project)
    (first.directory / "run.json").write_text('{"seeds": [0]')
    (second.directory / "metrics.csv").write_text("x")
    track(SCALE)
    said = capsys.readouterr().out
    assert "own/ours/0-2/run.json cannot be read" in said
    assert "own/baseline/0-2/metrics.csv: columns are" in said
    assert tracked.runs() == {}


def test_figures_tables_and_verdicts_are_in_one_summary_run(tracked: Tracked, finished: Project) -> None:
    track(SCALE)
    (summary,) = tracked.runs("summary").values()
    assert summary.data.tags["claim.C1"] == "reproduced"
    files = {
        item.path
        for kind in ("figures", "tables", "")
        for item in tracked.client.list_artifacts(summary.info.run_id, kind)
    }
    assert {"figures/bars.png", "figures/bars.pdf", "tables/main.csv", "metrics.csv", "claims.json"} <= files
    (tracked.project.folder() / "figures" / "bars.png").write_bytes(b"new")
    track(SCALE)
    (replaced,) = tracked.runs("summary").values()
    folder = Path(replaced.info.artifact_uri.removeprefix("file://"))
    assert (folder / "figures" / "bars.png").read_bytes() == b"new"
    assert sum(1 for _ in (paths.RESULTS / "mlflow" / "artifacts").rglob("bars.png")) == 1


def test_two_writers_at_once_on_a_fresh_database_do_not_collide(project: Project, tmp_path: Path) -> None:
    first_jobs(project)
    code = (
        "import sys; from pathlib import Path; from tenfold import paths; paths.RESULTS = Path(sys.argv[1]);"
        "from tenfold.tracking import track; track('tiny')"
    )
    command = [sys.executable, "-c", code, str(project.root / "results")]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], outcomes
    assert sorted(said.strip() for said, _ in outcomes) == ["track: tiny: 6 added", "track: tiny: 6 unchanged"]
    from tests.tracking.conftest import Tracked

    assert len(Tracked(project).runs()) == 6
    (project.root / "results" / "mlflow" / "mlflow.db").unlink()  # dropped, and filled again
    track(SCALE)
    assert len(Tracked(project).runs()) == 6


def test_a_damaged_database_says_what_to_do(tracked: Tracked) -> None:
    first_jobs(tracked.project, 1)
    paths.tracking_database().write_bytes(b"no database at all" * 100)
    with pytest.raises(ResultError, match="delete results/mlflow and run `tenfold track` again"):
        track(SCALE)


def test_the_summary_file_names_no_folder_and_no_password(tracked: Tracked, empty_database: Path) -> None:
    first_jobs(tracked.project, 1)
    track(SCALE)
    summary = json.loads((paths.RESULTS / SCALE / "tracking.json").read_text())
    assert summary["uri"] == "sqlite under results/mlflow"
    assert summary["experiments"]["tenfold/made-up"]["runs"] == 3
    from tenfold.tracking.load import _without_password

    assert _without_password("https://ada:secret@host:5000/x") == "https://host:5000/x"


def test_nothing_to_load_is_fine(tracked: Tracked, capsys: pytest.CaptureFixture[str]) -> None:
    track(SCALE)
    assert "no finished run yet" in capsys.readouterr().out


def test_importing_the_tracker_does_not_import_mlflow() -> None:
    code = "import sys, tenfold.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_are_flattened() -> None:
    settings = {"a": {"b": 1, "c": {}}, "d": [1, 2], "e": None, "f": "text", "g": True}
    assert flattened(settings) == {"a.b": "1", "a.c": "{}", "d": "[1, 2]", "e": "null", "f": "text", "g": "true"}


def test_names_are_those_that_mlflow_takes() -> None:
    from mlflow.utils.validation import _validate_metric_name

    for name in ("ndcg@10", "top-1 (%)", "loss/σ", "a&b"):
        _validate_metric_name(metric_name(name))
    assert metric_name("ndcg@10") == "ndcg_at_10"
