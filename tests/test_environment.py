"""pyproject.toml, requirements.lock and environment.yml say the same."""

from __future__ import annotations

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def locked():
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def test_every_requirement_is_locked_in_a_version_it_admits():
    lock = locked()
    for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]:
        requirement = Requirement(text)
        pins = [spec.version for spec in lock[canonicalize_name(requirement.name)].specifier]
        assert requirement.specifier.contains(pins[0], prereleases=True), text


def test_the_lock_pins_everything_and_names_no_address():
    text = (REPOSITORY / "requirements.lock").read_text()
    assert "://" not in text
    for requirement in locked().values():
        assert [spec.operator for spec in requirement.specifier] == ["=="], requirement.name


def test_conda_users_get_the_same_packages_from_the_lock():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    python = next(d for d in environment["dependencies"] if isinstance(d, str) and d.startswith("python"))
    assert PROJECT["requires-python"] in python
    pip = next(d for d in environment["dependencies"] if isinstance(d, dict))["pip"]
    assert pip == ["--requirement requirements.lock", "--no-deps --editable ."]


def test_nothing_binds_to_all_addresses():
    for folder in ("src", "workflow", "profiles", "config"):
        for path in (REPOSITORY / folder).rglob("*"):
            if path.suffix in {".py", ".smk", ".yaml", ".yml"}:
                assert not re.search(r"0\.0\.0\.0", path.read_text()), path


def test_embedded_data_is_small():
    embedded = REPOSITORY / "data" / "embedded"
    assert sum(path.stat().st_size for path in embedded.rglob("*") if path.is_file()) <= 20e6
