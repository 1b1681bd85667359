"""A person's own CSV, without labels: from the registry's source of type `local` to the first windows."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest
import yaml

from tenfold import paths, stages
from tenfold.config import Configuration
from tenfold.data.fetch import fetch
from tenfold.jobs import Plan
from tenfold.papers.leiad.page import opening, terminal
from tenfold.training.command import CommandTask
from tenfold.training.finished import FinishedRun
from tests.conftest import REPOSITORY

REGISTRY = """
my-servers:
  title: My servers
  licence: my own
  sources:
    - type: local
      path: {folder}
      files: [{{path: servers.csv}}]
      reader: series.csv
      settings: {{file: servers.csv, series: host, time: time, time_format: iso, value: load, label: null}}
"""


@pytest.fixture
def task(tmp_path, folders):
    """What `tenfold label my-servers` would work on."""
    generator = np.random.default_rng(0)
    lines = ["host,time,load"]
    for host in ("web-1", "web-2", "database"):
        load = 20 + 5 * np.sin(np.arange(300) / 12) + generator.standard_normal(300)
        load[200:204] += 40
        start = np.datetime64("2024-05-01T00:00:00")
        lines += [f"{host},{start + np.timedelta64(30 * n, 'm')},{x:.2f}" for n, x in enumerate(load)]
    (tmp_path / "servers.csv").write_text("\n".join(lines) + "\n")
    config = tmp_path / "config"
    shutil.copytree(REPOSITORY / "config", config)
    (config / "datasets").mkdir(exist_ok=True)
    (config / "datasets" / "mine.yaml").write_text(REGISTRY.format(folder=tmp_path))
    paper = yaml.safe_load((config / "papers" / "leiad.yaml").read_text())
    paper["datasets"]["my-servers"] = {
        "title": "My servers", "kind": "real", "raw": "my-servers", "prepare": {"split": "series"},
    }  # fmt: skip
    paper["scales"]["own"] = paper["scales"]["smoke"] | {
        "datasets": ["my-servers"], "seeds": [0], "methods": ["uad-ts2vec", "leiad"], "only": {},
        "prepare": {"detectors": {"isolation_trees": 5, "random_cut_trees": 2, "random_cut_tree_size": 20}},
    }  # fmt: skip
    (config / "papers" / "leiad.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))
    configuration = Configuration(config, scale="own")
    plan = Plan(configuration, "leiad")
    fetch("my-servers", configuration.datasets["my-servers"], [], paths.raw("my-servers"))
    stages.prepare(plan, "my-servers")
    start = plan.job("my-servers", "uad-ts2vec", (0,))
    stages.train(plan, start, "cpu")
    return CommandTask(
        paper="leiad", dataset="my-servers", title="My servers", scale="own", seed=0, prepared=start.prepared,
        labels=paths.labels("leiad", "my-servers"), settings=plan.job("my-servers", "leiad", (0,)).settings,
        start=FinishedRun(start.directory, start.prepared),
    )  # fmt: skip


def test_unlabelled_series_of_ones_own_can_be_labelled(task):
    out = io.StringIO()
    with opening.session_of(task, "mine") as (session, begin):
        assert begin().settings.budget is None
        terminal.converse(begin, session, ['{"anomalies": []}\n'] * 3, out)
    windows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [window["window"] for window in windows] == [1, 2, 3, 4]
    assert {window["series"] for window in windows} <= {"web-1", "web-2", "database"}
    with opening.session_of(task, "mine") as (session, begin):
        again = io.StringIO()
        terminal.converse(begin, session, [], again)
        assert json.loads(again.getvalue()) == windows[-1]
        assert set(begin().pool.labels.tolist()) == {-1}


def test_true_labels_do_not_enter_the_digest_of_a_pool_but_all_that_the_loop_sees_does():
    import dataclasses

    from tests.papers.leiad.made_up import made_up_pool

    pool = made_up_pool()
    digest = opening.digest_of_pool(pool)
    assert opening.digest_of_pool(made_up_pool()) == digest
    assert opening.digest_of_pool(dataclasses.replace(pool, labels=-pool.labels)) == digest
    for name in ("values", "scores", "features", "representations", "deviation"):
        changed = getattr(pool, name).copy()
        changed.flat[-1] += 1
        assert opening.digest_of_pool(dataclasses.replace(pool, **{name: changed})) != digest, name
    assert opening.digest_of_pool(dataclasses.replace(pool, names=pool.names[::-1])) != digest
