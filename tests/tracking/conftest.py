"""A project whose MLflow database is already there: making one takes seconds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_project import Project

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables and no run."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def tracked(project: Project, empty_database: Path) -> Tracked:
    """The made-up project with an empty MLflow database."""
    (project.root / "results" / "mlflow").mkdir(parents=True)
    shutil.copy(empty_database, project.root / "results" / "mlflow" / "mlflow.db")
    return Tracked(project)


class Tracked:
    """What MLflow holds, seen through its own client."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=f"sqlite:///{self.project.root}/results/mlflow/mlflow.db")

    def runs(self, kind: str = "seed") -> dict[str, Any]:
        """Identity -> run, of the runs that are not deleted; raises where an identity occurs twice."""
        experiment = self.client.get_experiment_by_name("tenfold/made-up")
        if experiment is None:
            return {}
        found: dict[str, Any] = {}
        for run in self.client.search_runs([experiment.experiment_id]):
            name = run.data.tags["identity"]
            assert name not in found, f"{name} is there twice"
            found[name] = run
        return {name: run for name, run in found.items() if (kind == "summary") == name.endswith("/summary")}

    def curve(self, run: Any, name: str) -> list[tuple[int, float]]:
        return sorted((point.step, point.value) for point in self.client.get_metric_history(run.info.run_id, name))
