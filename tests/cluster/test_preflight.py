"""`tenfold doctor --cluster` on the real thing."""

from __future__ import annotations

import json

import pytest

from tenfold import slurm
from tenfold.errors import ClusterError


@pytest.fixture
def on_the_cluster(cluster, monkeypatch):
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)


def preflight(project, *papers):
    return project.run(
        "tenfold", "doctor", "--cluster", "--scale", "smoke", TENFOLD_OVERRIDES=json.dumps({"papers": papers})
    )


def test_a_cluster_that_is_ready_passes_and_a_node_was_looked_at(project):
    answer = preflight(project, "toy-a")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for finding in ("ok   SLURM: main, urgent", "ok   jobs:", "ok   status: squeue knows", "ok   node: "):
        assert finding in answer.stdout
    assert "locks" not in answer.stdout
    assert not (project.root / "results" / ".doctor").exists()


def test_a_gpu_that_pytorch_cannot_use_stops_the_build(project):
    answer = preflight(project, "toy-b")
    assert answer.returncode == 1
    assert "bad  GPU: SLURM gave the job a GPU, but PyTorch sees none there" in answer.stdout


def test_partitions_are_read_with_their_limits_and_gpus(on_the_cluster):
    found = {kind.partition: kind for kind in slurm.node_kinds()}
    assert set(found) == {"main", "urgent"}
    assert found["main"].is_default
    assert not found["urgent"].is_default
    assert (found["main"].nodes, found["main"].cpus, found["main"].memory_mb, found["main"].gpus) == (2, 3, 8000, 1)
    assert found["main"].minutes == 600


def test_settings_of_the_cluster_are_read(on_the_cluster):
    assert slurm.setting("MinJobAge") == "300 sec"
    assert slurm.setting("PreemptMode") == "REQUEUE"


def test_accounting_that_is_switched_off_is_said(on_the_cluster):
    with pytest.raises(ClusterError, match="accounting storage is disabled"):
        slurm.ask("sacct", "--noheader")
