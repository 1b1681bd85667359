"""Adopting data: its statistics must be those that the papers report."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tenfold import paths
from tenfold.adoption import adopt, agrees
from tenfold.data.manifest import is_present
from tenfold.data.preparation import Prepared
from tenfold.errors import DataError
from tests.made_up_project import PAPER, Project


@pytest.mark.parametrize(
    ("found", "reported", "same"),
    [
        (22363, 22363.0, True),
        (22362, 22363.0, False),
        (8.94, 8.9, True),
        (8.96, 8.9, False),
        (0.00073, 0.0007, True),
        (0.00076, 0.0007, False),
        (99.999, 100.0, False),
    ],
)
def test_a_number_agrees_as_far_as_the_reported_digits_go(found, reported, same):
    assert agrees(found, reported) is same


@pytest.fixture
def entry(project: Project, tmp_path, monkeypatch):
    """The registry's entry of own-raw; the made-up paper counts its lines as users."""
    source = {"type": "local", "path": "nowhere", "files": [{"path": "x.csv"}], "reader": "tables.read"}
    project.write_yaml("datasets.yaml", {
        name: {"title": name, "licence": "mine", "sources": [source]} for name in ("own-raw", "films-raw", "gated-raw")
    })  # fmt: skip
    project.add_paper(PAPER)

    def prepare(task):
        lines = (task.raw / "x.csv").read_text().splitlines()
        if "damaged" in lines:
            raise ValueError("what is this?")
        return Prepared({}, {"users": len(lines)})

    settings, stage = ModuleType("tenfold.papers.made_up.settings"), ModuleType("tenfold.papers.made_up.prepare")
    exec("from tenfold.settings import Strict\nclass Prepare(Strict): pass", settings.__dict__)
    stage.prepare = prepare
    for module in (settings, stage):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return project.configuration.datasets["own-raw"]


def files(tmp_path, lines):
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "x.csv").write_text("".join(f"{line}\n" for line in lines))
    return folder


def test_data_with_the_reported_statistics_is_adopted(project: Project, entry, tmp_path):
    lines = adopt("own-raw", entry, files(tmp_path, range(100)), project.configuration)
    assert lines == ["made-up own: users 100, as reported"]
    assert is_present(paths.raw("own-raw"))


def test_data_with_other_statistics_is_refused_unless_accepted(project: Project, entry, tmp_path):
    folder = files(tmp_path, range(99))
    with pytest.raises(DataError, match=r"made-up own: users 99, not as reported \(100\)"):
        adopt("own-raw", entry, folder, project.configuration)
    assert not is_present(paths.raw("own-raw"))
    adopt("own-raw", entry, folder, project.configuration, accept=True)
    assert is_present(paths.raw("own-raw"))


def test_data_that_a_paper_cannot_read_is_refused_with_its_reason(project: Project, entry, tmp_path):
    with pytest.raises(DataError, match="made-up cannot read the files: ValueError: what is this"):
        adopt("own-raw", entry, files(tmp_path, ["damaged"]), project.configuration, accept=True)
    assert not is_present(paths.raw("own-raw"))


def test_data_without_reported_statistics_says_so(project: Project, entry, tmp_path):
    lines = adopt("films-raw", entry, files(tmp_path, range(3)), project.configuration)
    assert lines == ["films-raw: no paper reports statistics of it"]
