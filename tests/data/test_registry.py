"""config/datasets.yaml: every entry can be understood, checked and read."""

import inspect

import pytest

from tenfold.config import Configuration, RawFile, Source
from tenfold.data.readers import find_reader, read
from tenfold.data.sources import TYPES, describe, generator_code
from tenfold.errors import ConfigError
from tenfold.settings import validate

REGISTRY = Configuration().datasets
SOURCES = [
    pytest.param(source, id=f"{name}-{number}-{source.type}")
    for name, dataset in REGISTRY.items()
    for number, source in enumerate(dataset.sources)
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_reader_exists_and_takes_its_settings(source, tmp_path):
    settings = {} if source.type == "generator" else source.settings
    inspect.signature(find_reader(source.reader)).bind(tmp_path, **settings)


@pytest.mark.parametrize("source", SOURCES)
def test_files_that_settings_name_are_among_those_delivered(source):
    if source.type == "generator":
        return
    targets = {file.target for file in source.files}
    named = {value for key, value in source.settings.items() if key in ("file", "items", "times")}
    assert named <= targets


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_pinned_or_says_openly_that_it_is_not(source):
    if source.type in ("pypi", "npm", "embedded"):
        assert all(file.sha256 and file.size is not None for file in source.files)
    if source.type == "url":
        assert source.url.startswith("https://")
        assert "/main/" not in source.url
        assert "/master/" not in source.url
    if source.type == "generator":
        assert generator_code(source)


@pytest.mark.parametrize("name", REGISTRY)
def test_terms_that_forbid_it_and_the_flag_for_redistribution_agree(name):
    dataset = REGISTRY[name]
    if "no redistribution" in dataset.licence:
        assert not dataset.redistributable


def test_every_type_of_source_has_its_function():
    assert set(TYPES) == set(Source.model_fields["type"].annotation.__args__)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "a//b", "a\\b", ".", ""])
@pytest.mark.parametrize("key", ["path", "name"])
def test_a_file_cannot_leave_its_folder(path, key):
    with pytest.raises(ConfigError, match=f"f: {key}: "):
        validate(RawFile, {"path": "fine.csv", key: path}, "f")


def source(**fields) -> Source:
    return validate(Source, {"reader": "interactions.csv", **fields}, "f")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "mirror", "files": [{"path": "manifest.json"}]}, "name of the suite's own file"),
        ({"type": "mirror", "files": [{"path": "a/x.csv"}, {"path": "b/x.csv"}]}, "same name: x.csv"),
        ({"type": "url", "url": "ftp://x/y", "files": [{"path": "y"}]}, "f: url: "),
        ({"type": "pypi", "package": "--index-url", "version": "1", "files": [{"path": "y"}]}, "f: package: "),
        ({"type": "npm", "package": "x", "version": "-1", "files": [{"path": "y"}]}, "f: version: "),
        ({"type": "generator", "generator": "a:b", "settings": {"x": float("inf")}}, "numbers must be finite"),
    ],
)
def test_an_entry_that_cannot_work_is_refused_when_it_is_loaded(fields, message):
    with pytest.raises(ConfigError, match=message):
        source(**fields)


def test_dates_in_settings_become_the_text_that_was_typed(tmp_path):
    (tmp_path / "suite.yaml").write_text("scale: quick\n")
    (tmp_path / "datasets.yaml").write_text(
        "d: {title: T, licence: L, sources: [{type: mirror, reader: a.b, files: [{path: x}], "
        "settings: {first: 2019-01-31}}]}\n"
    )
    assert Configuration(tmp_path).datasets["d"].sources[0].settings == {"first": "2019-01-31"}


def test_a_source_is_described_without_places_of_this_machine():
    files = [{"path": "a/x.csv"}, {"path": "b/y.csv"}]
    assert describe(source(type="local", path="/home/me/secret", files=files)) == (
        "a folder of your own with a/x.csv and 1 more"
    )
    assert describe(source(type="url", url="https://me:pw@host/x.zip", files=files)) == "https://host/x.zip"
    assert describe(source(type="debian", package="p", files=files)) == "p"


def test_a_reader_that_does_not_exist_or_gets_wrong_settings_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no reader 'interactions\.nothing'"):
        find_reader("interactions.nothing")
    with pytest.raises(ConfigError, match="no reader 'nothing'"):
        find_reader("nothing")
    with pytest.raises(ConfigError, match=r"settings of the reader interactions\.csv: .*colour"):
        read("interactions.csv", tmp_path, {"colour": "red"})
