"""The whole suite at scale paper, as if all its data were here: few enough jobs, planned fast enough."""

from __future__ import annotations

import re
import resource

import pytest

from tenfold.config import Configuration
from tenfold.data.manifest import Manifest
from tenfold.files import write_json
from tenfold.jobs import plans, raw_datasets
from tests.conftest import REPOSITORY, copy_project
from tests.workflow.conftest import Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

MOST_JOBS = 3000
MOST_SECONDS = 15


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory):
    """Output and CPU seconds of `snakemake -n` (wall seconds would measure the machine's other work)."""
    project = Project(copy_project(tmp_path_factory.mktemp("paper-scale")))
    configuration = Configuration(REPOSITORY / "config", scale="paper")
    for raw in raw_datasets(configuration):
        manifest = Manifest(raw, "adopted", "made up", "", {}, "", ())
        write_json(project.root / "data" / "raw" / raw / "manifest.json", manifest.as_json())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = project.run("snakemake", "-n", "--quiet", "rules", "--config", "scale=paper", timeout=550)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return answer.stdout + answer.stderr, used


def count(output, rule):
    return int(re.search(rf"^{rule} +(\d+)$", output, re.MULTILINE)[1])


def test_the_suite_has_few_enough_jobs_for_a_cluster(dry_run):
    output, _ = dry_run
    assert count(output, "total") < MOST_JOBS
    slurm_jobs = count(output, "train") + count(output, "prepare")
    assert slurm_jobs < MOST_JOBS / 2


def test_data_that_is_here_is_in_the_plan(dry_run):
    output, _ = dry_run
    everything = 0
    for plan in plans(Configuration(REPOSITORY / "config", scale="paper")):
        names = {*plan.scale.datasets, *plan.scale.also}
        everything += sum(len(plan.blocks(method)) for name in names for method in plan.methods(name))
    assert count(output, "train") == everything


def test_a_dry_run_of_the_whole_suite_is_quick(dry_run):
    _, seconds = dry_run
    assert seconds < MOST_SECONDS
