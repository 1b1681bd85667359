"""Fixtures that several test folders share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

from tenfold import paths
from tests.made_up_project import Project

os.environ.setdefault("OMP_NUM_THREADS", "1")  # `pytest -n 2`: threads of two processes would wait for each other
hypothesis.settings.register_profile("tenfold", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("tenfold")

REPOSITORY = Path(__file__).resolve().parents[1]


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


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Data and results of this test lie in a folder of their own."""
    return use_folders(tmp_path, monkeypatch)


def use_folders(root: Path, monkeypatch) -> Path:
    for name, folder in (
        ("DATA", "data"),
        ("RESULTS", "results"),
        ("REFERENCE", "results/reference"),
        ("CACHE", ".tenfold"),
        ("LABELS", "labels"),
    ):
        monkeypatch.setattr(paths, name, root / folder)
    return root


def copy_project(root: Path) -> Path:
    """A copy of the project without data and results, in which a test may change any file."""
    for name in ("Snakefile", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, root / name)
    for name in ("config", "profiles", "src", "workflow"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(REPOSITORY / name, root / name, ignore=ignored)
    return root
