from __future__ import annotations

import json
import shutil
import sys
from types import ModuleType

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.jobs import Plan, required_raw_datasets
from tenfold.training.job import block_label, parse_block
from tests.conftest import REPOSITORY, use_folders

PAPER = {
    "slug": "toy", "title": "t", "authors": ["a"], "year": 2026, "venue": "v", "bibtex": "@misc{x}", "summary": "s",
    "defaults": {"rate": 1.0, "optimizer": {"name": "adam", "decay": 0.0}},
    "datasets": {
        "one": {"title": "One", "kind": "paper", "train": {"rate": 2.0}},
        "two": {"title": "Two", "kind": "real", "raw": "moon"},
    },
    "methods": {
        "base": {"title": "B", "settings": {"layers": 1}},
        "deep": {"title": "D", "extends": "base", "settings": {"layers": 3}},
        "deeper": {"title": "E", "extends": "deep"},
        "fixed": {"title": "F", "deterministic": True},
        "branch": {"title": "G", "after": "base"},
    },
    "scales": {
        "smoke": {"datasets": ["one"], "also": ["two"], "methods": ["base", "fixed"], "seeds": [0, 1, 2],
                  "only": {"two": ["base"]}, "settings": {"optimizer": {"decay": 0.5}}},
        "split": {"datasets": ["one"], "methods": ["base", "branch"], "seeds": [0, 1, 2], "seeds_per_job": 2,
                  "overrides": {"base": {"layers": 7}}},
    },
    "metrics": {"m": {"title": "M"}},
    "claims": [{"id": "C1", "title": "t", "statement": "s", "source": "x", "not_tested": "why"}],
}  # fmt: skip

SETTINGS = """
from tenfold.settings import Strict
class Optimizer(Strict):
    name: str = "sgd"
    decay: float = 0.0
class Train(Strict):
    rate: float = 0.1
    layers: int = 2
    optimizer: Optimizer = Optimizer()
class Prepare(Strict):
    size: int = 5
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    use_folders(tmp_path, monkeypatch)
    folder = tmp_path / "config"
    (folder / "papers").mkdir(parents=True)
    shutil.copy(REPOSITORY / "config" / "suite.yaml", folder)
    source = {"type": "generator", "reader": "x.y", "generator": "a:b"}
    (folder / "datasets.yaml").write_text(yaml.safe_dump({"moon": {"title": "m", "licence": "l", "sources": [source]}}))
    (folder / "papers" / "toy.yaml").write_text(yaml.safe_dump(PAPER))
    module = ModuleType("tenfold.papers.toy.settings")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(SETTINGS, module.__dict__)
    return lambda scale="smoke", **overrides: Plan(Configuration(folder, scale=scale, **overrides), "toy")


def test_later_layers_of_settings_win_and_nested_ones_are_merged(plan):
    assert plan().train_settings("one", "deep") == {
        "rate": 2.0, "layers": 3, "optimizer": {"name": "adam", "decay": 0.5},
    }  # fmt: skip
    assert plan().train_settings("two", "base")["rate"] == 1.0


def test_an_override_of_a_method_reaches_what_extends_it(plan):
    assert plan("split").train_settings("one", "deeper")["layers"] == 7


def test_data_sets_of_also_run_only_when_their_raw_data_is_present(plan):
    assert plan().datasets() == ["one"]
    assert plan().absent_datasets() == ["two"]
    assert [job.method for job in plan().jobs()] == ["base", "fixed"]


def test_a_data_set_needs_its_companions_as_well(plan, tmp_path, monkeypatch):
    found = plan()
    found.paper.datasets["two"].companions["weights"] = "sun"
    monkeypatch.setattr("tenfold.jobs.is_present", lambda folder: folder.name == "moon")
    assert found.absent_datasets() == ["two"]
    monkeypatch.setattr("tenfold.jobs.is_present", lambda folder: folder.name in ("moon", "sun"))
    assert found.absent_datasets() == []
    assert found.paper.datasets["two"].raws == ["moon", "sun"]


def test_data_sets_of_also_whose_runs_are_here_and_current_count_as_present(plan, tmp_path, monkeypatch):
    """As after `dvc pull` of results on data that may not be shared."""
    monkeypatch.setattr("tenfold.codegraph.code_digest", lambda module: "c0de")
    job = plan().job("two", "base", (0, 1, 2))
    job.directory.mkdir(parents=True)
    for changes, datasets in (
        ({}, ["one", "two"]), ({"settings_digest": "other"}, ["one"]), ({"code_digest": "other"}, ["one"]),
    ):  # fmt: skip
        record = {"settings_digest": job.digest, "code_digest": "c0de"} | changes
        (job.directory / "run.json").write_text(json.dumps(record))
        assert plan().datasets() == datasets
        assert plan().absent_datasets() == [name for name in ("one", "two") if name not in datasets]


def test_seeds_are_cut_into_blocks_and_a_deterministic_method_runs_once(plan):
    assert [job.block for job in plan().jobs()] == ["0-2", "0"]
    assert [job.block for job in plan("split").jobs()] == ["0-1", "2", "0-1", "2"]
    assert plan("split", seeds=[5]).jobs()[0].seeds == (5,)


def test_a_branch_starts_from_the_run_of_the_same_data_and_seeds(plan):
    job = plan("split").job("one", "branch", (0, 1))
    assert job.after_directory == plan("split").job("one", "base", (0, 1)).directory
    assert plan("split").job("one", "base", (0,)).after_directory is None


def test_the_digest_changes_with_the_settings_and_the_seeds_only(plan):
    job = plan().job("one", "base", (0,))
    assert job.digest == plan().job("one", "base", (0,)).digest
    assert job.digest != plan().job("one", "base", (1,)).digest
    assert job.digest != plan().job("one", "deep", (0,)).digest


def test_required_raw_data_leaves_out_what_runs_only_when_present(plan):
    assert required_raw_datasets(plan().configuration) == []


@pytest.mark.parametrize(("dataset", "method"), [("three", "base"), ("one", "adam")])
def test_unknown_names_say_what_there_is(plan, dataset, method):
    with pytest.raises(ConfigError, match=r"toy: unknown (data set|method) .*; known: "):
        plan().job(dataset, method, (0,))


def test_a_wrong_training_setting_names_file_method_and_key(plan):
    broken = plan()
    broken.paper.methods["base"].settings["laiers"] = 3
    message = (
        r"papers/toy\.yaml: settings of base on one at scale smoke\.laiers: unknown key; allowed here: layers, opt"
    )
    with pytest.raises(ConfigError, match=message):
        broken.validate()


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True).map(sorted).map(tuple))
def test_a_blocks_label_says_its_seeds(seeds):
    assert parse_block(block_label(seeds)) == seeds


@pytest.mark.parametrize("label", ["", "a", "2-1", "1,", "-"])
def test_what_is_not_a_block_is_refused(label):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_block(label)
