"""Splits, scaling, images, brains, and a table that is known by its YAML alone."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tenfold.config.datasets import RawDataset
from tenfold.data.preparation import Preparation
from tenfold.papers.r2et.brains import brain_networks
from tenfold.papers.r2et.prepare import _images, prepare
from tenfold.papers.r2et.settings import Brains, Prepare

ENTRY = """
title: Applications
licence: mine
sources:
  - type: local
    path: somewhere
    files: [{path: applications.csv}]
    reader: tables.csv
    settings:
      files: [applications.csv]
      separator: ";"
      label: granted
      positive: ["yes"]
      missing: "?"
      columns:
        income: log1p
        city: codes
        job: {public: [teacher, clerk], private: rest}
        age: number
"""


@pytest.fixture
def applications(tmp_path):
    generator = np.random.default_rng(0)
    jobs, cities = ["teacher", "clerk", "trader"], ["Ulm", "Aachen", "?"]
    age = generator.integers(20, 70, 90)
    rows = [
        f"{age[i]};{generator.choice(jobs)};{generator.choice(cities)};{i};{'yes' if i % 3 else 'no'}"
        for i in range(90)
    ]
    (tmp_path / "applications.csv").write_text("age;job;city;income;granted\n" + "\n".join(rows) + "\n\n")
    return tmp_path


def test_a_new_table_needs_only_its_entry(applications):
    source = RawDataset.model_validate(yaml.safe_load(ENTRY)).sources[0]
    task = Preparation("r2et", "mine", {}, (0, 1), applications, source.reader, source.settings)
    arrays = prepare(task).arrays
    assert arrays["names"].tolist() == ["income", "city", "job=public", "job=private", "age"]
    text = (applications / "applications.csv").read_text().split("\n")[1:91]
    assert len(arrays["inputs"]) == sum("?" not in line for line in text)
    assert set(arrays["inputs"][:, 1]) == {0.0, 1.0}  # Aachen, Ulm
    assert (arrays["inputs"][:, 2] + arrays["inputs"][:, 3] == 1).all()


def test_splits_are_disjoint_and_training_rows_span_0_to_1(applications):
    source = RawDataset.model_validate(yaml.safe_load(ENTRY)).sources[0]
    task = Preparation("r2et", "mine", {"rows": 40}, (0, 1), applications, source.reader, source.settings)
    arrays = prepare(task).arrays
    for seed in range(2):
        parts = [arrays[name][seed] for name in ("train", "validation", "test")]
        assert [len(part) for part in parts] == [28, 4, 8]
        assert len(np.unique(np.concatenate(parts))) == 40
        scaled = (arrays["inputs"][parts[0]] - arrays["shift"][seed]) / arrays["scale"][seed]
        assert scaled.min() == pytest.approx(0)
        assert scaled.max() == pytest.approx(1)
        assert arrays["neutral"][seed] == pytest.approx(scaled.mean(0), abs=1e-5)
    assert (arrays["train"][0] != arrays["train"][1]).any()


def test_images_keep_their_own_test_set():
    generator = np.random.default_rng(0)
    train, test = (generator.integers(0, 256, (count, 4, 4, 3)).astype(np.uint8) for count in (10, 5))
    settings = Prepare(mean=[0.5, 0.5, 0.5], deviation=[0.5, 0.25, 0.5], validation_share=0.2)
    arrays = _images(train, np.arange(10) % 2, test, np.arange(5) % 2, settings, (0,)).arrays
    assert arrays["inputs"].shape == (15, 3, 4, 4)
    assert sorted(arrays["test"][0]) == list(range(10, 15))
    assert sorted([*arrays["train"][0], *arrays["validation"][0]]) == list(range(10))
    first = (arrays["inputs"][3].astype(float) - arrays["shift"][0]) / arrays["scale"][0]
    assert first[1] == pytest.approx((train[3, :, :, 1] / 255 - 0.5) / 0.25, abs=1e-5)


def test_tightened_communities_differ_between_the_classes():
    settings = Brains(subjects=200, nodes=12, communities=4, length=80)
    edges, labels, differs = brain_networks(settings, np.random.default_rng(0))
    assert edges.shape == (200, 66)
    assert np.abs(edges).max() <= 1
    assert differs.sum() == 2 * 3  # two communities of three regions have three edges each
    change = edges[labels == 1].mean(0) - edges[labels == 0].mean(0)
    assert change[differs].min() > np.abs(change[~differs]).max()


def test_embedded_tables_give_the_features_of_the_card():
    root = Path(__file__).parents[3]
    entries = yaml.safe_load((root / "config" / "datasets.yaml").read_text(encoding="utf-8"))
    for name, features in (("adult-10k", 29), ("bank-10k", 19)):
        source = RawDataset.model_validate(entries[name]).sources[0]
        task = Preparation("r2et", name, {}, (0,), root / "data" / "embedded" / name, source.reader, source.settings)
        prepared = prepare(task)
        assert prepared.statistics["rows"] == 10_000
        assert prepared.statistics["features"] == features
        assert "duration" not in prepared.arrays["names"]
