"""A data set of one's own, a CSV of user, item and timestamp, needs YAML alone."""

import csv
import json
import shutil

import numpy as np
import pytest
import yaml

from tenfold import paths, stages
from tenfold.config import Configuration
from tenfold.data.fetch import fetch
from tenfold.errors import DataError
from tenfold.evaluation import read_metrics
from tenfold.files import read_arrays, read_json
from tenfold.jobs import Plan
from tests.conftest import REPOSITORY

METHODS = ["cooccurrence", "sasrec-warmup", "ticoserec", "halves-cooccurrence"]
USERS, EVENTS = 30, 9


@pytest.fixture
def configuration(folders):
    """The project's configuration and two pieces of YAML: the raw data set, and its place in the paper."""
    config = folders / "config"
    shutil.copytree(REPOSITORY / "config", config)
    (config / "datasets").mkdir(exist_ok=True)
    registry = f"""
my-shop:
  title: Orders of my shop
  licence: mine
  sources:
    - type: local
      path: {folders / "orders"}
      files: [{{path: orders.csv}}]
      reader: interactions.csv
      settings: {{file: orders.csv, user: customer, item: product, time: day, time_format: iso}}
"""
    (config / "datasets" / "my-shop.yaml").write_text(registry)
    path = config / "papers" / "ticoserec.yaml"
    paper = yaml.safe_load(path.read_text())
    paper["datasets"]["my-shop"] = {"title": "My shop", "kind": "real", "raw": "my-shop", "prepare": {"core": 2}}
    paper["scales"]["smoke"] |= {"datasets": ["my-shop"], "methods": METHODS}
    path.write_text(yaml.safe_dump(paper, sort_keys=False))
    return Configuration(config, scale="smoke")


def write_orders(folder, rows):
    (folder / "orders").mkdir()
    with (folder / "orders" / "orders.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("day", "customer", "product"), *rows])


def orders():
    """Every customer buys nine products on days that get rarer; the rows are in no order."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(USERS):
        days = np.datetime64("2024-01-01") + np.cumsum(rng.integers(1, 5 + customer, EVENTS))
        rows += [(day, f"c{customer}", f"p{rng.integers(12)}") for day in days]
    return [rows[place] for place in rng.permutation(len(rows))]


def test_a_csv_goes_through_every_stage(configuration, folders):
    write_orders(folders, orders())
    plan = Plan(configuration, "ticoserec")
    fetch("my-shop", configuration.datasets["my-shop"], [], paths.raw("my-shop"))
    stages.prepare(plan, "my-shop")
    for job in sorted(plan.jobs(), key=lambda job: job.after is not None):
        stages.train(plan, job, "cpu")
        stages.evaluate(plan, job)
    stages.collect(plan)
    stages.claims(plan)

    prepared = paths.prepared("smoke", "ticoserec", "my-shop")
    data = read_arrays(prepared / "data.npz")
    assert read_json(prepared / "manifest.json")["statistics"]["interactions"] == USERS * EVENTS
    assert (np.diff(data["offsets"]) == EVENTS).all()
    for user in range(USERS):
        own = data["times"][data["offsets"][user] : data["offsets"][user + 1]]
        assert (np.diff(own) > 0).all()
        assert (own % 86_400 == 0).all()
    rows = list(read_metrics(paths.paper_results("smoke", "ticoserec") / "metrics.csv"))
    assert {row.method for row in rows} == set(METHODS)
    assert {(row.dataset, row.data_kind) for row in rows} == {("my-shop", "real")}
    assert all(0 <= row.value <= 1 for row in rows if row.metric != "interval-std")
    claims = json.loads((paths.paper_results("smoke", "ticoserec") / "claims.json").read_text())
    assert {claim["id"]: claim["verdict"] for claim in claims}["C2"] == "not tested"  # not on this data set


def test_users_with_too_few_events_are_named_with_the_setting_that_helps(configuration, folders):
    write_orders(folders, [*orders(), ("2024-01-01", "new", "p1"), ("2024-01-02", "new", "p2")])
    fetch("my-shop", configuration.datasets["my-shop"], [], paths.raw("my-shop"))
    with pytest.raises(DataError, match=r"a user has 2 events, 4 are needed .* set prepare.core"):
        stages.prepare(Plan(configuration, "ticoserec"), "my-shop")
