"""What the rules ask the plan; the workflow itself is run in tests/workflow."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tenfold import paths
from tenfold.data.manifest import FileRecord, Manifest
from tenfold.workflow import digest_on_disk
from tests.conftest import REPOSITORY
from tests.made_up_project import Project


@pytest.fixture
def raw(project: Project):
    """A raw data set of one file."""
    folder = paths.raw("own-raw")
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("1,2\n")
    files = (FileRecord.of(folder, "x.csv"),)
    manifest = Manifest("own-raw", "url", "example.org", "tables.read", {"core": 5}, "CC0", files)
    (folder / "manifest.json").write_text(json.dumps(manifest.as_json()))
    return folder


def change_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_same_raw_data_from_another_source_prepares_nothing_again(raw):
    before = digest_on_disk("own-raw")
    change_manifest(raw, source="mirror", origin="elsewhere", licence="CC BY")
    assert digest_on_disk("own-raw") == before


@pytest.mark.parametrize("changes", [{"reader": "tables.other"}, {"reader_settings": {"core": 3}}])
def test_raw_data_that_is_read_in_another_way_is_prepared_again(raw, changes):
    before = digest_on_disk("own-raw")
    change_manifest(raw, **changes)
    assert digest_on_disk("own-raw") != before


def test_one_changed_byte_is_seen_though_the_manifest_is_the_same(raw):
    before = digest_on_disk("own-raw")
    (raw / "x.csv").write_text("1,3\n")
    assert digest_on_disk("own-raw") != before


def test_a_damaged_manifest_counts_as_a_change(raw):
    before = digest_on_disk("own-raw")
    (raw / "manifest.json").write_text("{")
    assert digest_on_disk("own-raw") != before


def test_checking_every_papers_settings_imports_nothing_heavy():
    program = (
        "import sys; from tenfold.workflow import Workflow; Workflow({'scale': 'paper'}).check(); "
        "print({'torch', 'scipy', 'pandas', 'matplotlib', 'sklearn', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.strip() == "set()"
