from __future__ import annotations

import copy
import shutil

import pytest
import yaml

from tenfold import schemas
from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.jobs import Plan
from tenfold.scaffold import create
from tests.conftest import REPOSITORY


@pytest.fixture
def config(tmp_path):
    """A configuration folder with one small paper, `toy`."""
    folder = tmp_path / "config"
    (folder / "papers").mkdir(parents=True)
    shutil.copy(REPOSITORY / "config" / "suite.yaml", folder)
    (folder / "datasets.yaml").write_text("")
    create("toy", tmp_path)
    return folder


def edit(path, change):
    content = yaml.safe_load(path.read_text())
    changed = change(copy.deepcopy(content)) or content
    path.write_text(yaml.safe_dump(changed, sort_keys=False))


def with_key(*location, value):
    def change(content):
        inner = content
        for key in location[:-1]:
            inner = inner[key]
        inner[location[-1]] = value
        return content

    return change


def test_the_projects_own_configuration_is_valid():
    configuration = Configuration(REPOSITORY / "config")
    assert configuration.datasets
    for slug in configuration.known_papers:
        configuration.paper(slug)


@pytest.mark.parametrize(
    ("location", "value", "message"),
    [
        (("colour",), "red", r"suite\.yaml: colour: unknown key; allowed here: device, mirrors, papers, scale"),
        (("device",), "tpu", r"suite\.yaml: device: String should match pattern"),
        (("seeds",), "three", r"suite\.yaml: seeds: Input should be a valid list"),
        (("tracking", "url"), "x", r"tracking\.url: unknown key; allowed here: experiment_prefix, uri"),
        (("papers",), ["no-such"], r"suite\.yaml: papers: unknown paper 'no-such'; known: toy"),
    ],
)
def test_a_mistake_in_the_suite_file_names_file_key_and_what_is_allowed(config, location, value, message):
    edit(config / "suite.yaml", with_key(*location, value=value))
    with pytest.raises(ConfigError, match=message):
        Configuration(config)


@pytest.mark.parametrize(
    ("location", "value", "message"),
    [
        (("metods",), {}, r"toy\.yaml: metods: unknown key; allowed here: .*methods"),
        (
            ("methods", "plain", "lr"),
            1,
            r"toy\.yaml: methods\.plain\.lr: unknown key; allowed here: after, description",
        ),
        (("scales", "smoke", "methods"), ["adam"], r"scales\.smoke\.methods: unknown name 'adam'; known: plain, decay"),
        (("scales", "smoke", "datasets"), ["moon"], r"scales\.smoke\.datasets/also: unknown name 'moon'; known: plane"),
        (("methods", "decay", "extends"), "decay", r"methods\.decay\.extends: the chain comes back to 'decay'"),
        (("datasets", "plane", "raw"), "moon", r"datasets\.plane\.raw: unknown data set 'moon'"),
        (("datasets", "plane", "companions"), {"sun": "star"}, r"plane\.companions: unknown data set 'star'"),
        (
            ("datasets", "plane", "kind"),
            "fake",
            r"datasets\.plane\.kind: Input should be 'paper', 'real' or 'synthetic'",
        ),
        (("year",), "soon", r"toy\.yaml: year: Input should be a valid integer"),
        (("slug",), "tay", r"toy\.yaml: slug: is 'tay', must be the file's name 'toy'"),
    ],
)
def test_a_mistake_in_a_paper_file_names_file_key_and_what_is_allowed(config, location, value, message):
    edit(config / "papers" / "toy.yaml", with_key(*location, value=value))
    with pytest.raises(ConfigError, match=message):
        Configuration(config).paper("toy")


def test_a_claim_needs_comparisons_or_a_reason(config):
    edit(config / "papers" / "toy.yaml", with_key("claims", value=[
        {"id": "C1", "title": "t", "statement": "s", "source": "x"}]))  # fmt: skip
    with pytest.raises(ConfigError, match=r"claims\.0: a claim needs either comparisons or not_tested"):
        Configuration(config).paper("toy")


def test_a_key_given_twice_is_an_error(config):
    with (config / "suite.yaml").open("a") as file:
        file.write("\nscale: smoke\n")
    with pytest.raises(ConfigError, match="key 'scale' is given twice"):
        Configuration(config)


def test_yaml_that_does_not_parse_names_the_file(config):
    (config / "suite.yaml").write_text("scale: [")
    with pytest.raises(ConfigError, match=r"suite\.yaml: not valid YAML"):
        Configuration(config)


def test_numbers_in_scientific_notation_are_numbers(config):
    (config / "papers" / "toy.yaml").write_text(
        (config / "papers" / "toy.yaml").read_text().replace("tolerance: 0.05", "tolerance: 5e-2")
    )
    assert Configuration(config).paper("toy").metrics["mse"].tolerance == 0.05


def test_unknown_scale_paper_and_data_set_say_what_there_is(config):
    with pytest.raises(ConfigError, match="unknown scale 'huge'; toy has: smoke, quick, standard, paper"):
        Configuration(config, scale="huge").scale("toy")
    with pytest.raises(ConfigError, match="unknown paper 'tay'; known: toy"):
        Configuration(config).paper("tay")


def test_a_data_set_defined_in_two_files_is_an_error(config):
    entry = {"title": "t", "licence": "l", "sources": [{"type": "generator", "reader": "x.y", "generator": "a:b"}]}
    (config / "datasets.yaml").write_text(yaml.safe_dump({"moon": entry}))
    (config / "datasets").mkdir()
    (config / "datasets" / "more.yaml").write_text(yaml.safe_dump({"moon": entry}))
    with pytest.raises(ConfigError, match=r"more\.yaml: moon: this data set is already defined"):
        _ = Configuration(config).datasets


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"type": "url", "reader": "x.y", "files": [{"path": "a"}]}, "a source of type 'url' needs url"),
        ({"type": "pypi", "reader": "x.y", "files": [{"path": "a"}]}, "needs package, version"),
        ({"type": "mirror", "reader": "x.y"}, "needs at least one entry under files"),
        ({"type": "ftp", "reader": "x.y"}, "Input should be 'embedded'"),
    ],
)
def test_a_mistake_in_the_registry_names_the_data_set(config, source, message):
    entry = {"title": "t", "licence": "l", "sources": [source]}
    (config / "datasets.yaml").write_text(yaml.safe_dump({"moon": entry}))
    with pytest.raises(ConfigError, match=rf"datasets\.yaml: moon\.sources\.0.*{message}"):
        _ = Configuration(config).datasets


def test_overrides_reach_the_configuration_from_the_snakefile(config, monkeypatch):
    monkeypatch.setenv("TENFOLD_OVERRIDES", '{"scale": "smoke", "seeds": [7]}')
    suite = Configuration(config).suite
    assert (suite.scale, suite.seeds) == ("smoke", [7])
    assert Configuration(config, scale="paper").suite.scale == "paper"


def test_mirrors_from_the_environment_come_first(config, monkeypatch):
    edit(config / "suite.yaml", with_key("mirrors", value=["/b"]))
    monkeypatch.setenv("TENFOLD_MIRROR", "/a:/c")
    assert Configuration(config).mirrors == ["/a", "/c", "/b"]
    monkeypatch.setenv("TENFOLD_MIRROR", "http://127.0.0.1:1/x")
    assert Configuration(config).mirrors == ["http://127.0.0.1:1/x", "/b"]


def test_schemas_match_the_models():
    assert schemas.drifted() == [], "run `tenfold schemas`"


def test_the_schema_forbids_unknown_keys():
    for text in schemas.generated().values():
        assert '"additionalProperties": false' in text


def test_plan_of_a_scale_named_by_nobody_is_an_error(config):
    with pytest.raises(ConfigError, match="unknown scale"):
        Plan(Configuration(config, scale="gigantic"), "toy")
