"""The real papers on the cluster: one run of each, or with TENFOLD_FULL_SMOKE set the whole smoke suite."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cluster.conftest import ClusterProject
from tests.conftest import REPOSITORY, copy_project
from tests.workflow.conftest import Project

FULL = bool(os.environ.get("TENFOLD_FULL_SMOKE"))

# Prints the targets: metrics of the first run of each paper, or of each paper as a whole.
LOCALLY = f"""
import json, sys
from tenfold import paths, stages
from tenfold.config import Configuration
from tenfold.data.fetch import fetch
from tenfold.jobs import plans
targets = []
configuration = Configuration(scale="smoke")
for plan in plans(configuration):
    jobs = sorted((job for job in plan.jobs() if {FULL} or job.after is None), key=lambda job: job.after is not None)
    jobs = jobs if {FULL} else jobs[:1]
    for dataset in {{job.dataset: None for job in jobs}}:
        for raw in plan.paper.datasets[dataset].raws:
            fetch(raw, configuration.datasets[raw], [], paths.raw(raw))
        stages.prepare(plan, dataset)
    for job in jobs:
        stages.train(plan, job, "cpu")
        stages.evaluate(plan, job)
    if {FULL}:
        stages.collect(plan)
    folder = paths.paper_results("smoke", plan.slug) if {FULL} else jobs[0].directory
    targets.append(paths.relative(folder / "metrics.csv"))
print(json.dumps(targets))
"""


def real_project(root: Path) -> Path:
    """A copy of the project with its papers and the data that is committed with it."""
    root.mkdir()
    embedded = REPOSITORY / "data" / "embedded"
    if embedded.exists():
        shutil.copytree(embedded, root / "data" / "embedded")
    return copy_project(root)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The papers trained on this machine, and the files to compare."""
    project = Project(real_project(tmp_path_factory.mktemp("papers") / "local"))
    answer = project.run("python", "-c", LOCALLY, timeout=900)
    assert answer.returncode == 0, answer.stderr
    return project, json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.timeout(1800 if FULL else 400)
def test_papers_give_the_numbers_of_a_local_run(undisturbed, cluster, tmp_path):
    local, targets = undisturbed
    project = ClusterProject(real_project(tmp_path / "project"), cluster)
    if not FULL:  # what is compared is training; the other tests of this folder prepare data on the cluster
        for folder in ("raw", "prepared"):
            if (local.root / "data" / folder).exists():
                shutil.copytree(local.root / "data" / folder, project.root / "data" / folder)
    answer = project.run(*project.snakemake, *targets, "--config", "scale=smoke", timeout=1700)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for target in targets:
        assert (project.root / target).read_bytes() == (local.root / target).read_bytes(), target
