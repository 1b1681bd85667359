"""The verdict matrix of README.md says what the committed references say."""

import json

import pytest

from tenfold import paths
from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.matrix import BEGIN, END, matrix, with_matrix
from tests.conftest import REPOSITORY


def test_the_readme_shows_the_committed_references():
    page = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert with_matrix(page, matrix(Configuration(REPOSITORY / "config"))) == page


def test_claims_stand_under_their_verdict_with_seeds_and_cost(project, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REFERENCE", tmp_path / "reference")
    folder = tmp_path / "reference" / "standard" / project.configuration.known_papers[0]
    folder.mkdir(parents=True)
    claims = [
        {"id": "C1", "verdict": "reproduced", "ours": False},
        {"id": "S1", "verdict": "reproduced", "ours": True},
        {"id": "C2", "verdict": "not tested", "ours": False},
    ]
    (folder / "claims.json").write_text(json.dumps(claims))
    (folder / "cost.csv").write_text("dataset,method,seeds,cpu_seconds\na,m,0-2,90\na,m,3,30\nb,m,0-1,60\n")
    row = matrix(project.configuration).splitlines()[-1]
    assert row == f"| {folder.name} | C1, *S1* |  |  |  | C2 | 4 | 3 |"


def test_a_page_without_markers_is_refused():
    assert with_matrix(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
    with pytest.raises(ConfigError, match="lacks the lines"):
        with_matrix("a page", "new")
