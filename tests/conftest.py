"""Fixtures that several parts of the suite use."""

from __future__ import annotations

from pathlib import Path

import pytest

from made_up_project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A made-up project with one paper and nothing built."""
    return Project(tmp_path, monkeypatch)
