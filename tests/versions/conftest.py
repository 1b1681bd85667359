"""The made-up paper has no modules of its own."""

from __future__ import annotations

import pytest

from tenfold import codegraph


@pytest.fixture
def without_code(monkeypatch):
    files = codegraph.stage_files
    own = "tenfold.papers.made_up"
    monkeypatch.setattr(codegraph, "stage_files", lambda module: [] if module.startswith(own) else files(module))
