"""Fixtures that several parts of the suite use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from made_up_project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A made-up project with one paper and nothing built."""
    return Project(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def finished_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder in which everything but the report is built; made once, to be copied."""
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patched:
        Project(root, patched).build_all()
    return root


@pytest.fixture
def finished(project: Project, finished_tree: Path) -> Project:
    """The made-up project with everything built but the report."""
    shutil.copytree(finished_tree, project.root, dirs_exist_ok=True)
    return project
