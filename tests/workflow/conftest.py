"""A small project of two scaffolded papers, built once; each test gets a copy of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import copy_project


class Project:
    """A copy of the project in a temporary folder, and the commands a user would type in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("TENFOLD_", "SNAKEMAKE", "PYTEST_"))
        } | {
            "PYTHONPATH": str(root / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TENFOLD_ROOT": str(root),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *command: str, timeout: float = 900, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.root, env=self.environment | environment, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.root, env=self.environment | environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def build(self, *arguments: str, scale: str = "smoke", **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("snakemake", "--cores", "2", *arguments, "--config", f"scale={scale}", **environment)

    def planned(self) -> set[tuple[str, str]]:
        """What a dry run would do: (rule, wildcards without the scale)."""
        answer = self.build("-n")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        jobs = set()
        for block in re.split(r"\n\n", answer.stdout + answer.stderr):
            if rule := re.search(r"^(?:local)?rule (\w+):", block, re.MULTILINE):
                wildcards = re.search(r"wildcards: (.*)", block)
                values = re.findall(r"(\w+)=([^\s]+?)(?:,(?=\s)|$)", wildcards[1]) if wildcards else []
                jobs.add((rule[1], " ".join(value for key, value in values if key != "scale")))
        return jobs

    def copy(self, root: Path) -> Project:
        shutil.copytree(self.root, root)
        return Project(root)

    def replace(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def metrics(self, paper: str) -> bytes:
        return (self.root / "results" / "smoke" / paper / "metrics.csv").read_bytes()


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory):
    """Two papers, nothing built."""
    project = Project(copy_project(tmp_path_factory.mktemp("empty")))
    shutil.rmtree(project.root / "config" / "papers", ignore_errors=True)
    (project.root / "config" / "papers").mkdir()
    for slug in ("toy-a", "toy-b"):
        answer = project.run("tenfold", "new-paper", slug)
        assert answer.returncode == 0, answer.stderr
    return project


@pytest.fixture(scope="session")
def built_project(empty_project, tmp_path_factory):
    """Two papers, built at scale smoke."""
    project = empty_project.copy(tmp_path_factory.mktemp("built") / "project")
    answer = project.build()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return project


@pytest.fixture
def project(built_project, tmp_path):
    """A copy of the built project that the test may change."""
    return built_project.copy(tmp_path / "project")


@pytest.fixture
def fresh_project(empty_project, tmp_path):
    """A copy of the project in which nothing is built."""
    return empty_project.copy(tmp_path / "project")
