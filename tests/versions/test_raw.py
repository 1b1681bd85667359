"""Raw data as the stages of DVC provide it."""

from __future__ import annotations

import pytest

from tenfold import paths
from tenfold.config import Configuration
from tenfold.data.manifest import is_present
from tenfold.errors import DataError
from tenfold.versions.raw import provide, used_at_any_scale
from tests.made_up_project import PAPER, SCALE, Project

SCALES = {
    SCALE: {"datasets": ["own"], "also": ["gated"], "methods": ["ours"]},
    "large": {"datasets": ["own", "films"], "methods": ["ours"]},
}


@pytest.fixture
def configuration(project: Project) -> Configuration:
    """own-raw is needed, gated-raw may be absent, films-raw is needed at another scale; all lie in a folder."""
    sources = [{"type": "local", "path": "mine", "files": [{"path": "x.csv"}], "reader": "tables.read"}]
    raw = {"title": "X", "licence": "mine", "sources": sources}
    project.write_yaml("datasets.yaml", {"own-raw": raw, "films-raw": raw, "gated-raw": raw | {"gated": "Ask."}})
    project.add_paper(PAPER | {"scales": SCALES})
    (project.root / "mine").mkdir()
    (project.root / "mine" / "x.csv").write_text("1,2\n")
    return project.configuration


def lose_sources(project: Project) -> None:
    (project.root / "mine" / "x.csv").unlink()
    (project.root / "mine").rmdir()


def test_what_the_scale_uses_is_fetched(configuration):
    for name in ("own-raw", "gated-raw"):
        provide(configuration, name)
        assert is_present(paths.raw(name))


def test_what_the_scale_does_not_use_is_not_fetched(configuration):
    assert used_at_any_scale(configuration, "made-up") == ["films-raw", "gated-raw", "own-raw"]
    assert "not used at scale tiny" in provide(configuration, "films-raw")
    assert list(paths.raw("films-raw").iterdir()) == []


def test_what_the_scale_can_do_without_may_be_absent(configuration, project: Project):
    lose_sources(project)
    assert "can do without it" in provide(configuration, "gated-raw")
    assert list(paths.raw("gated-raw").iterdir()) == []
    with pytest.raises(DataError, match="own-raw cannot be fetched"):
        provide(configuration, "own-raw")


def test_changed_files_are_fetched_again(configuration):
    provide(configuration, "own-raw")
    (paths.raw("own-raw") / "x.csv").write_text("1,3\n")
    provide(configuration, "own-raw")
    assert (paths.raw("own-raw") / "x.csv").read_text() == "1,2\n"


@pytest.mark.parametrize("name", ["own-raw", "gated-raw"])
def test_changed_files_that_cannot_be_fetched_again_are_kept_and_named(configuration, project: Project, name):
    provide(configuration, name)
    lose_sources(project)
    (paths.raw(name) / "x.csv").write_text("1,3\n")
    with pytest.raises(DataError, match=f"`dvc checkout data/raw/{name}` brings the last version back"):
        provide(configuration, name)
    assert (paths.raw(name) / "x.csv").read_text() == "1,3\n"
