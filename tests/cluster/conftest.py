"""A SLURM cluster and a project of toy papers for it; both last for all tests of this folder."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cluster.slurm import Cluster, running_cluster, wait_until, why_not_here
from tests.conftest import REPOSITORY, copy_project
from tests.workflow.conftest import Project

REQUIRED = "TENFOLD_REQUIRE_CLUSTER"
PR_SET_PDEATHSIG = 1

# Training stops at its third step until a file says go on, and notes which job came there and when.
GATE = '''

def wait_at_gate(run: Run, seed: int, step: int) -> None:
    """For tests: hold this method until its gate opens."""
    folder = os.environ.get("TOY_GATES")
    if folder and seed == run.seeds[0] and step == 3:
        with Path(folder, f"{run.job.paper}-{run.method}.reached").open("a") as file:
            print(os.environ.get("SLURM_JOB_ID"), time.time(), file=file)
        while not Path(folder, f"{run.job.paper}-{run.method}.open").exists():
            time.sleep(0.05)
'''

LOCALLY = """
from tenfold import stages
from tenfold.config import Configuration
from tenfold.errors import RunFailed
from tenfold.jobs import plans
for plan in plans(Configuration(scale="smoke")):
    for dataset in plan.datasets():
        stages.prepare(plan, dataset)
    for job in plan.jobs():
        try:
            stages.train(plan, job, "cpu")
            stages.evaluate(plan, job)
        except RunFailed:
            pass
    stages.collect(plan, partial=True)
"""

HELD = ("m1", "m2", "m3", "m4", "m5")


def pytest_collection_modifyitems(items):
    # One cluster at a time: with `pytest -n 2 --dist loadgroup` all these tests run in one process.
    for item in items:
        if "tests/cluster/" in item.path.as_posix():
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group("cluster"))


def pytest_terminal_summary(terminalreporter):
    """The faults, what they cost and how they ended."""
    rows = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "fault" and report.when == "call"
    ]
    if rows:
        terminalreporter.section(f"faults on the cluster (load {os.getloadavg()[1]:.0f} on {os.cpu_count()} cores)")
        terminalreporter.line("| fault | what happened | until training went on | results equal |")
        terminalreporter.line("|---|---|---|---|")
        for row in rows:
            terminalreporter.line(row)


@pytest.fixture(scope="session")
def cluster():
    """A running cluster of two nodes with three CPUs, 8 GB and a GPU each."""
    if reason := why_not_here():
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    with running_cluster() as cluster:
        yield cluster


class ClusterProject(Project):
    """A project on the cluster: commands find it, training stops at gates."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        super().__init__(root)
        self.cluster = cluster
        self.gates = root / "gates"
        self.gates.mkdir(exist_ok=True)
        self.environment |= {
            "SLURM_CONF": cluster.environment["SLURM_CONF"],
            "PATH": f"{cluster.root / 'bin'}:{self.environment['PATH']}:{cluster.environment['PATH']}",
            "TOY_GATES": str(self.gates),
            "TENFOLD_CHECKPOINT_SECONDS": "0",
        }

    def command(self, papers: str, *options: str) -> list[str]:
        """A build of some papers on the cluster."""
        return [*self.snakemake, *options, "--config", "scale=smoke", f"papers=[{papers}]"]

    @property
    def snakemake(self) -> list[str]:
        """Snakemake with the profile; it looks after its jobs more often than on a real cluster."""
        impatient = [sys.executable, str(REPOSITORY / "tests" / "cluster" / "impatient.py")]
        return [*impatient, "--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1"]

    def open_gate(self, paper: str, *methods: str) -> None:
        """Let methods train to their end."""
        for method in methods:
            (self.gates / f"{paper}-{method}.open").touch()

    def arrivals(self, paper: str, method: str) -> list[tuple[str, float]]:
        """SLURM job and time of each process that came to a method's gate."""
        path = self.gates / f"{paper}-{method}.reached"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(job, float(moment)) for job, moment in (line.split() for line in lines)]

    def log(self, paper: str, method: str) -> str:
        """What training printed, the last time; empty while there is no log (Snakemake removes an old one)."""
        try:
            return self.result(f"logs/train/{paper}/plane/{method}/0-1.log").read_text()
        except FileNotFoundError:
            return ""

    def wait_for_arrivals(self, paper: str, method: str, count: int = 1, seconds: float = 400) -> None:
        """Wait until so many processes have come to a method's gate."""
        wait_until(
            lambda: len(self.arrivals(paper, method)) >= count, f"{paper} {method} is at its gate ({count})", seconds
        )

    def result(self, path: str) -> Path:
        return self.root / "results" / "smoke" / path


@pytest.fixture(scope="session")
def plain_project(tmp_path_factory):
    """Toy papers whose training can be held at a gate: two for a whole build, one for faults, one for its head."""
    project = Project(copy_project(tmp_path_factory.mktemp("cluster-empty")))
    shutil.rmtree(project.root / "config" / "papers")
    (project.root / "config" / "papers").mkdir()
    for slug in ("toy-a", "toy-b", "toy-faults", "toy-head"):
        answer = project.run("tenfold", "new-paper", slug)
        assert answer.returncode == 0, answer.stderr
        train = f"src/tenfold/papers/{slug.replace('-', '_')}/train.py"
        project.replace(
            train, "import numpy as np", "import os\nimport time\nfrom pathlib import Path\n\nimport numpy as np"
        )
        project.replace(train, "for _ in loop:\n", "for step in loop:\n            wait_at_gate(run, seed, step)\n")
        with (project.root / train).open("a") as file:
            file.write(GATE)
        _change(project, slug, {"threads": 1, "mem_mb": 500, "minutes": 20, "gpu": int(slug == "toy-b")})
    return project


def _change(project: Project, slug: str, resources: dict[str, int]) -> None:
    path = project.root / "config" / "papers" / f"{slug}.yaml"
    paper = yaml.safe_load(path.read_text())
    smoke = paper["scales"]["smoke"]
    smoke["resources"] = resources
    if slug == "toy-faults":
        settings = {name: {"weight_decay": 0.1 * number} for number, name in enumerate(HELD)}
        settings["failing"] = {"learning_rate": 1e30}
        for name, changed in settings.items():
            paper["methods"][name] = {"title": name, "extends": "plain", "settings": changed}
        smoke["methods"] = list(settings)
        paper["claims"][0]["comparisons"][0] |= {"method": "m1", "against": {"method": "m2"}}
    path.write_text(yaml.safe_dump(paper, sort_keys=False))


@pytest.fixture(scope="session")
def local(plain_project, tmp_path_factory):
    """The same papers, trained undisturbed on this machine in one process; a method that diverges is left out."""
    project = plain_project.copy(tmp_path_factory.mktemp("cluster-local") / "project")
    answer = project.run("python", "-c", LOCALLY)
    assert answer.returncode == 0, answer.stderr
    return project


@pytest.fixture(scope="session")
def project(plain_project, local, cluster, tmp_path_factory):
    """The project on the cluster. The data of the papers that tests interrupt is there already."""
    root = tmp_path_factory.mktemp("cluster") / "project"
    plain_project.copy(root)
    for paper in ("toy-faults", "toy-head"):
        prepared = f"data/prepared/smoke/{paper}"
        shutil.copytree(local.root / prepared, root / prepared)
    return ClusterProject(root, cluster)


class Watched:
    """A build in the background whose output can be read while it runs."""

    def __init__(self, project: ClusterProject, *arguments: str) -> None:
        self.path = project.root / f"build-{time.monotonic_ns()}.txt"
        with self.path.open("w") as file:
            self.process = subprocess.Popen(
                project.command(*arguments), cwd=project.root, env=project.environment, stdout=file, stderr=file,
                start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self.path.read_text()

    def wait(self, seconds: float = 400) -> int:
        """Exit code of the build."""
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        """`kill -9` of the build and of what runs beside it; its jobs go on."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@pytest.fixture(scope="session")
def start_build(project):
    """Start a build in the background; whatever still runs at the end is killed."""
    builds = []

    def start(*arguments: str) -> Watched:
        builds.append(Watched(project, *arguments))
        return builds[-1]

    yield start
    for build in builds:
        build.kill()
