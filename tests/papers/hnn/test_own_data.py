"""A hypergraph of one's own: two YAML entries, no code."""

from __future__ import annotations

import shutil

import pytest

from tenfold import paths, stages
from tenfold.config import Configuration
from tenfold.data.fetch import fetch
from tenfold.evaluation import read_metrics
from tenfold.jobs import Plan
from tests.conftest import REPOSITORY, use_folders

REGISTRY = """
my-teams:
  title: Teams of my company
  licence: mine
  sources:
    - type: local
      path: {folder}
      files: [{{path: teams.csv}}, {{path: sites.csv}}]
      reader: hypergraphs.edge_list
      settings: {{file: teams.csv, labels: sites.csv, separator: ","}}
"""
DATASET = """
datasets:
  teams:
    title: Teams
    kind: real
    raw: my-teams
    prepare: {labelled: 1}
"""
SCALE = """
scales:
  mine:
    datasets: [teams]
    methods: [hnn, hypergcn-fast, mlp]
    settings: {dimension: 4, structure_dimension: 3, optimization: {hyperedge_epochs: 1, node_epochs: 1}}
"""


@pytest.fixture(autouse=True)
def in_double_precision():
    """The product runs in single precision."""


def test_a_hypergraph_of_ones_own_needs_yaml_alone(tmp_path, monkeypatch):
    use_folders(tmp_path, monkeypatch)
    own = tmp_path / "own"
    own.mkdir()
    teams = ["ann,bob,cy", "bob,cy", "dee,ed,flo", "ed,flo", "ann,dee", "gil,ann,bob", "flo,dee", "gil,cy", "ed,gil"]
    (own / "teams.csv").write_text("\n".join(teams) + "\n")
    sites = {
        "ann": "north",
        "bob": "north",
        "cy": "north",
        "gil": "north",
        "dee": "south",
        "ed": "south",
        "flo": "south",
    }
    (own / "sites.csv").write_text("".join(f"{name},{site}\n" for name, site in sites.items()))
    config = shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (config / "datasets").mkdir(exist_ok=True)
    (config / "datasets" / "mine.yaml").write_text(REGISTRY.format(folder=own))
    paper = config / "papers" / "hnn.yaml"
    text = paper.read_text().replace("\ndatasets:\n", DATASET, 1).replace("\nscales:\n", SCALE, 1)
    paper.write_text(text)

    plan = Plan(Configuration(config, scale="mine"), "hnn")
    fetch("my-teams", plan.configuration.datasets["my-teams"], [], paths.raw("my-teams"))
    stages.prepare(plan, "teams")
    for job in plan.jobs():
        stages.train(plan, job, "cpu")
        stages.evaluate(plan, job)
        found = {(row.split, row.metric) for row in read_metrics(job.directory / "metrics.csv")}
        assert found == {("uniform", "auc"), ("uniform", "ap"), ("nodes", "accuracy")}
