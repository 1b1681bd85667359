"""dvc.yaml follows from the configuration."""

from __future__ import annotations

import pytest
import yaml
from dvc.schema import COMPILED_MULTI_STAGE_SCHEMA

from tenfold import codegraph, paths
from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.jobs import Plan
from tenfold.versions import pipeline
from tests.conftest import REPOSITORY
from tests.made_up_project import DATASETS, PAPER, Project


@pytest.fixture
def stages(project: Project, without_code):
    return lambda: pipeline.pipeline(project.configuration)["stages"]


def output(stage, path):
    return next(entry[path] for entry in stage["outs"] if path in entry)


def test_dvc_yaml_is_what_the_configuration_asks_for():
    """If this fails: run `tenfold versions` and commit dvc.yaml."""
    text = pipeline.generated(Configuration(REPOSITORY / "config"))
    assert (REPOSITORY / "dvc.yaml").read_text() == text
    COMPILED_MULTI_STAGE_SCHEMA(yaml.safe_load(text))


def test_every_file_of_a_papers_stages_is_a_dependency_of_its_stage():
    """Else DVC would call something up to date that Snakemake would run."""
    configuration = Configuration(REPOSITORY / "config", scale="smoke")
    stages = pipeline.pipeline(configuration)["stages"]
    for slug in configuration.selected_papers:
        module = Plan(configuration, slug).paper.module
        dependencies = [REPOSITORY / name for name in stages[f"reproduce-{slug}"]["deps"]]
        for stage in ("prepare", "train", "evaluate", "figures"):
            for file in codegraph.stage_files(f"{module}.{stage}"):
                file = REPOSITORY / "src" / "tenfold" / file.relative_to(paths.SOURCE)
                assert any(file == place or place in file.parents for place in dependencies), file


def test_no_stage_depends_on_another_papers_code():
    stages = pipeline.pipeline(Configuration(REPOSITORY / "config"))["stages"]
    for name, stage in stages.items():
        folders = [entry for entry in stage["deps"] if entry.startswith("src/tenfold/papers/") and entry[-3:] != ".py"]
        assert len(folders) == name.startswith("reproduce-")


def test_only_data_that_may_be_shared_is_pushed(project: Project, stages):
    assert stages().keys() == {"data-unshared", "reproduce-made-up", "report"}
    free = {**DATASETS, "own-raw": {**DATASETS["own-raw"], "redistributable": True}}
    project.write_yaml("datasets.yaml", free)
    found = stages()
    assert found["data"]["matrix"]["dataset"] == ["own-raw"]
    assert output(found["data"], "data/raw/${item.dataset}") == {"persist": True}
    assert found["data-unshared"]["matrix"]["dataset"] == ["films-raw", "gated-raw"]
    assert output(found["data-unshared"], "data/raw/${item.dataset}")["push"] is False


def test_prepared_data_is_pushed_only_when_all_of_its_raw_data_may_be(project: Project, stages):
    place = "data/prepared/${scale}/made-up"
    assert output(stages()["reproduce-made-up"], place)["push"] is False
    free = {name: {**entry, "redistributable": True} for name, entry in DATASETS.items()}
    project.write_yaml("datasets.yaml", free)
    assert "push" not in output(stages()["reproduce-made-up"], place)
    assert "push" not in output(stages()["reproduce-made-up"], "results/${scale}/made-up")


def test_a_paper_depends_on_its_data_sets_of_every_scale_and_on_no_others(project: Project, stages):
    project.write_yaml("datasets.yaml", {**DATASETS, "other-raw": DATASETS["own-raw"]})
    raw = {name for name in stages()["reproduce-made-up"]["deps"] if name.startswith("data/")}
    assert raw == {"data/raw/own-raw", "data/raw/films-raw", "data/raw/gated-raw"}


def test_data_sets_of_your_own_registry_depend_on_your_file(project: Project, stages):
    mine = dict(DATASETS)
    entry = mine.pop("films-raw")
    project.write_yaml("datasets.yaml", mine)
    project.write_yaml("datasets/My.Lab.yaml", {"films-raw": entry})
    found = stages()
    assert found["data-unshared-my-lab"]["deps"] == ["config/datasets/My.Lab.yaml"]
    assert found["data-unshared-my-lab"]["matrix"]["dataset"] == ["films-raw"]


def test_the_selected_papers_have_stages_and_an_eleventh_adds_one(project: Project, stages):
    project.write_yaml("papers/other.yaml", {**PAPER, "slug": "other.2"})
    (project.root / "config" / "papers" / "other.yaml").rename(project.root / "config" / "papers" / "other.2.yaml")
    with pytest.raises(KeyError, match=r"no module tenfold\.papers\.other_2"):  # it has no code yet
        stages()
    project.write_yaml("suite.yaml", {"papers": ["made-up"]})
    assert "reproduce-made-up" in stages()


def test_a_dvc_yaml_that_has_drifted_is_named_with_the_remedy(project: Project, without_code, monkeypatch):
    monkeypatch.setattr(pipeline, "FILE", project.root / "dvc.yaml")
    monkeypatch.setattr(paths, "SOURCE", project.root / "src" / "tenfold")
    monkeypatch.setattr(codegraph, "stage_files", lambda module: [])
    with pytest.raises(ConfigError, match="run `tenfold versions`"):
        pipeline.check_pipeline(project.configuration)
    pipeline.write(project.configuration)
    pipeline.check_pipeline(project.configuration)
    project.write_yaml("datasets.yaml", {**DATASETS, "own-raw": {**DATASETS["own-raw"], "redistributable": True}})
    assert pipeline.has_drifted(project.configuration)
