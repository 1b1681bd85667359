"""The results reader: what a paper's figures stage gets and writes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tenfold.errors import ResultError
from tenfold.plotting import figure
from tenfold.results import DATASETS_KEY, Results
from tests.made_up_project import Project


def test_metrics_are_those_of_the_file(finished: Project) -> None:
    metrics = finished.results().metrics
    ours = metrics.query("dataset == 'own' and method == 'ours' and metric == 'ndcg@10' and split == 'test'")
    assert ours["value"].tolist() == pytest.approx([0.5, 0.51, 0.52])
    assert ours["seed"].tolist() == [0, 1, 2]
    assert set(metrics.loc[metrics["dataset"] == "films", "data_kind"]) == {"real"}


def test_values_of_one_metric_are_found_by_data_set_method_and_seed(finished: Project) -> None:
    found = finished.results().values("ndcg@10")
    assert found["own", "ours"] == pytest.approx({0: 0.5, 1: 0.51, 2: 0.52})
    assert finished.results().values("ndcg@10", "no such split") == {}


def test_missing_metrics_say_what_to_run(project: Project) -> None:
    with pytest.raises(ResultError, match=r"metrics\.csv does not exist; run `tenfold evaluate`"):
        _ = project.results().metrics


def test_runs_are_the_finished_ones_of_this_plan(project: Project) -> None:
    jobs = project.jobs()
    for job in jobs[1:]:
        project.finish(job)
    stale = jobs[1].directory.with_name("0-9")
    stale.mkdir()
    (stale / "run.json").write_text("{}")
    found = [(run.dataset, run.method, tuple(run.seeds)) for run in project.results().runs()]
    assert found == [(job.dataset, job.method, job.seeds) for job in jobs[1:]]


def test_a_run_is_found_by_data_set_method_and_seed(finished: Project) -> None:
    run = finished.results().run("films", "baseline", seed=2)
    assert (run.dataset, run.method) == ("films", "baseline")
    assert run.history[0]["loss"] == 2.0
    assert run.predictions["scores"].tolist() == [0, 1, 2]


def test_the_runs_of_a_method_are_all_its_blocks_of_seeds(finished: Project) -> None:
    runs = finished.results().runs_of("films", "baseline")
    expected = [job.directory for job in finished.jobs() if (job.dataset, job.method) == ("films", "baseline")]
    assert [run.directory for run in runs] == expected
    assert finished.results().runs_of("films", "nobody") == []


@pytest.mark.parametrize(("method", "seed"), [("ours", 7), ("nobody", None)])
def test_a_run_that_is_not_there_is_an_error_that_names_it(finished: Project, method: str, seed: int | None) -> None:
    with pytest.raises(ResultError, match=f"no finished run of own {method}"):
        finished.results().run("own", method, seed)


def test_stand_ins_are_labelled(project: Project) -> None:
    results = project.results()
    assert results.label("own") == "Own data"
    assert results.label("films") == "Films-100K (real, stand-in)"
    assert results.label("toy") == "Toy clusters (synthetic, stand-in)"


def test_reported_numbers_come_from_the_yaml(project: Project) -> None:
    reported = project.results().reported
    assert reported["value"].tolist() == [0.5, 0.48, 0.61]
    assert reported["label"].tolist() == [None, "released weights", None]


def test_the_same_figure_gives_the_same_bytes(project: Project) -> None:
    written = []
    for _ in range(2):
        results = project.results()
        drawn, ax = figure()
        ax.plot([1, 2], [3, 4], label="x")
        ax.legend()
        results.save_figure("bars", drawn, datasets=["own"])
        written.append([(project.folder() / "figures" / f"bars.{end}").read_bytes() for end in ("pdf", "png")])
    assert written[0] == written[1]
    assert b"CreationDate" not in written[0][0]
    assert results.figures == {"bars"}


def test_a_figure_remembers_its_data_sets(project: Project) -> None:
    from PIL import Image

    drawn, _ = figure()
    project.results().save_figure("bars", drawn, datasets=["films", "toy"])
    with Image.open(project.folder() / "figures" / "bars.png") as image:
        assert image.info[DATASETS_KEY] == "films toy"
        assert image.info["Title"] == "Bars"


def test_a_film_lies_beside_the_figure_that_stands_for_it(project: Project) -> None:
    from PIL import Image

    results = project.results()
    frames = np.arange(3 * 8 * 8 * 3).reshape(3, 8, 8, 3).astype(np.uint8)
    with pytest.raises(ResultError, match="figure 'bars' must be saved before its film"):
        results.save_film("bars", frames)
    results.save_figure("bars", figure()[0], datasets=["own"])
    results.save_film("bars", frames)
    with Image.open(project.folder() / "figures" / "bars.gif") as image:
        assert (image.n_frames, image.size) == (3, (8, 8))
    assert results.figures == {"bars"}


@pytest.mark.parametrize("what", ["figure", "table"])
def test_undeclared_outputs_are_refused_with_the_place_to_declare_them(project: Project, what: str) -> None:
    results = project.results()
    with pytest.raises(ResultError, match=rf"config/papers/made-up\.yaml: {what}s: 'new' is not declared"):
        results.save_figure("new", figure()[0]) if what == "figure" else results.save_table("new", pd.DataFrame())


def test_figures_of_unknown_data_sets_are_refused(project: Project) -> None:
    with pytest.raises(ResultError, match="datasets: unknown name 'beauty'"):
        project.results().save_figure("bars", figure()[0], datasets=["beauty"])


def test_tables_are_written_as_csv_and_html(finished: Project) -> None:
    results = finished.results()
    columns = pd.MultiIndex.from_tuples([("NDCG", "measured"), ("", "origin")])
    index = pd.MultiIndex.from_tuples([("Own", "A & B")], names=["data set", "method"])
    results.save_table("main", pd.DataFrame([["0.5", "Table 2"]], index=index, columns=columns))
    csv = (finished.folder() / "tables" / "main.csv").read_text()
    assert csv == "data set,method,NDCG measured,origin\nOwn,A & B,0.5,Table 2\n"
    assert "A &amp; B" in (finished.folder() / "tables" / "main.html").read_text()
    assert results.tables == {"main"}


def test_only_the_asked_formats_are_written(project: Project) -> None:
    project.results().save_table("main", pd.DataFrame({"a": [1]}), formats=["csv"])
    assert [path.name for path in (project.folder() / "tables").iterdir()] == ["main.csv"]


def test_importing_the_reader_stays_light() -> None:
    code = "import sys, tenfold.results; sys.exit(any(m in sys.modules for m in ('pandas', 'matplotlib', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_results_can_be_read_without_any_job(finished: Project) -> None:
    assert list(Results(finished.plan().paper, "tiny", finished.folder(), []).runs()) == []
