"""Snakemake's records travel with the results, and never claim more than what happened."""

from __future__ import annotations

import shutil

import pytest
from snakemake.persistence import MetadataRecord
from snakemake.persistence.file import FilePersistence

from tenfold import paths
from tenfold.errors import ResultError
from tenfold.versions.records import of_paper, of_suite
from tests.made_up_project import Project

OUTPUT = "results/tiny/made-up/metrics.csv"
LONG = "results/tiny/made-up/runs/" + "d" * 90 + "/" + "m" * 90 + "/0-2/run.json"
"""Its record's name is longer than a file name may be."""


def record(**changes):
    fields = {"rule": "collect", "params": ["'digest'"], "input": ["a"], "input_checksums": {"a": "sha256:1"}}
    return MetadataRecord(**fields | {"starttime": 1.0, "endtime": 2.0, "record_format_version": 6} | changes)


def memory(project: Project) -> FilePersistence:
    return FilePersistence(nolock=True, path=project.root / ".snakemake")


def build(project: Project, name: str, content: str = "result", **changes) -> None:
    """Leave an output and Snakemake's record of it."""
    (project.root / name).parent.mkdir(parents=True, exist_ok=True)
    (project.root / name).write_text(content)
    memory(project)._write_record(name, record(**changes))


def remembered(project: Project, name: str = OUTPUT) -> MetadataRecord | None:
    return memory(project)._read_record(name)


@pytest.fixture
def kept(project: Project):
    """An output whose record was kept."""
    build(project, OUTPUT)
    shelf = of_paper("tiny", "made-up")
    shelf.keep({"own-raw": "raw digest"})
    return shelf


def test_a_lost_memory_is_filled_again(project: Project, kept):
    before = remembered(project)
    shutil.rmtree(project.root / ".snakemake")
    kept.restore()
    assert remembered(project) == before


def test_names_of_any_length_are_kept(project: Project, kept):
    build(project, LONG)
    kept.keep()
    shutil.rmtree(project.root / ".snakemake")
    kept.restore()
    assert remembered(project, LONG) == record()


def test_the_record_of_an_output_with_other_contents_is_not_taken_over(project: Project, kept):
    shutil.rmtree(project.root / ".snakemake")
    (project.root / OUTPUT).write_text("another result")
    kept.restore()
    assert remembered(project) is None


def test_the_record_of_a_missing_output_is_taken_over(project: Project, kept):
    """Prepared data that could not be pulled: its record says whether what was made from it is still right."""
    shutil.rmtree(project.root / ".snakemake")
    (project.root / OUTPUT).unlink()
    kept.restore()
    assert remembered(project) == record()


def test_the_record_of_a_folder_is_taken_over_only_with_the_contents_that_it_is_about(project: Project, kept):
    folder = "results/tiny/made-up/figures"
    build(project, f"{folder}/bars.png")
    memory(project)._write_record(folder, record())
    kept.keep()
    (project.root / folder / ".snakemake_timestamp").touch()  # not versioned, and no contents
    shutil.rmtree(project.root / ".snakemake")
    kept.restore()
    assert remembered(project, folder) == record()
    (project.root / folder / "more.png").touch()
    shutil.rmtree(project.root / ".snakemake")
    kept.restore()
    assert remembered(project, folder) is None


def test_going_back_to_an_older_version_brings_its_records_back(project: Project, kept):
    older = kept.file.read_bytes()
    build(project, OUTPUT, "newer", params=["'other'"])
    kept.keep()
    kept.file.write_bytes(older)
    (project.root / OUTPUT).write_text("result")
    kept.restore()
    assert remembered(project).params == ["'digest'"]


def test_a_newer_memory_is_not_overwritten_by_a_file_that_did_not_change(project: Project, kept):
    """As after a build that was killed before it could leave its records: same contents, other settings."""
    build(project, OUTPUT, params=["'other'"])
    kept.restore()
    assert remembered(project).params == ["'other'"]


def test_an_output_that_was_marked_incomplete_and_came_back_complete_is_not_made_again(project: Project, kept):
    memory(project)._mark_incomplete(OUTPUT, None)
    (project.root / ".snakemake" / "tenfold" / "tiny" / "made-up" / "records.sha256").unlink()
    kept.restore()
    assert memory(project)._filter_incomplete_keys([OUTPUT]) == set()


def test_the_same_work_done_again_leaves_the_file_as_it_is(project: Project, kept):
    before = kept.file.read_bytes()
    build(project, OUTPUT, job_hash=77, starttime=50.0, endtime=60.0)
    kept.keep({"own-raw": "raw digest"})
    assert kept.file.read_bytes() == before
    build(project, OUTPUT, "another result", endtime=70.0)
    kept.keep()
    assert kept.file.read_bytes() != before


def test_each_shelf_keeps_its_own_outputs(project: Project, kept):
    build(project, "results/tiny/tracking.json")
    build(project, "results/tiny/report/index.html")
    build(project, "results/tiny/report-2/metrics.csv")
    build(project, "results/tiny/made-up-2/metrics.csv")
    build(project, "data/prepared/tiny/made-up/own/data.npz")
    kept.keep()
    of_suite("tiny").keep()
    assert kept._content()["outputs"].keys() == {OUTPUT, "data/prepared/tiny/made-up/own/data.npz"}
    suite = {"results/tiny/tracking.json", "results/tiny/report/index.html"}
    assert of_suite("tiny")._content()["outputs"].keys() == suite


def test_digests_of_raw_data_that_has_gone_are_still_known(kept):
    kept.keep({"films-raw": "another"})
    assert (kept.raw_digest("own-raw"), kept.raw_digest("films-raw")) == ("raw digest", "another")
    assert kept.raw_digest("gated-raw") is None


def test_a_damaged_file_is_an_error_that_names_it(kept):
    kept.file.write_bytes(kept.file.read_bytes()[:40])
    with pytest.raises(ResultError, match=r"results/tiny/made-up/snakemake\.json\.gz is damaged"):
        kept.restore()


def test_nothing_is_written_where_nothing_was_built(project: Project):
    shelf = of_paper("tiny", "made-up")
    shelf.keep()
    shelf.restore()
    assert not shelf.file.exists()
    assert not paths.RESULTS.exists()
