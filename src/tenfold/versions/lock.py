"""dvc.lock: what the results of the configured scale were made from, as DVC recorded it when they were built.

It names the digests of code, configuration, data and results, so it is older than the code after every change of the
code: that is a note, not an error. An error is what no rebuild would put right: a file that DVC cannot read, or stages
that dvc.yaml no longer has, which DVC keeps for ever.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import yaml

from tenfold import paths
from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.versions.pipeline import SUITE, pipeline

FILE = paths.ROOT / "dvc.lock"
REMEDY = "`make lock-results` builds what is stale and writes it"


def check_lock(configuration: Configuration) -> None:
    """Raise ConfigError where DVC cannot read dvc.lock, or where it has stages that dvc.yaml does not have."""
    if unknown := _unknown_stages(configuration):
        raise ConfigError(
            f"dvc.lock has stages that dvc.yaml does not have: {', '.join(unknown)}; "
            "run `tenfold versions`, which takes them out"
        )


def drop_unknown_stages(configuration: Configuration) -> list[str]:
    """Take the stages out of dvc.lock that dvc.yaml does not have; returns their names."""
    unknown = _unknown_stages(configuration)
    if unknown:
        from dvc.utils.serialize import modify_yaml  # type: ignore[import-untyped]

        with modify_yaml(FILE) as content:
            for name in unknown:
                del content["stages"][name]
    return unknown


def notes(configuration: Configuration) -> list[str]:
    """In words, what dvc.lock does not tell about the results that this code would give; empty when it is current."""
    locked = _locked()
    if locked is None:
        return [f"there is no dvc.lock: {REMEDY}"]
    scales = {stage["params"][SUITE]["scale"] for stage in locked.values() if SUITE in stage.get("params", {})}
    if others := scales - {configuration.suite.scale}:
        return [f"dvc.lock is of scale {', '.join(sorted(others))}, {SUITE} says {configuration.suite.scale}: {REMEDY}"]
    found = []
    missing = stage_names(pipeline(configuration)) - locked.keys()
    if missing:
        found.append(f"dvc.lock has no {', '.join(sorted(missing))}: {REMEDY}")
    if older := {stage: files for stage, files in _changed_sources().items() if stage not in missing}:
        stages = "; ".join(f"{stage} ({', '.join(files)})" for stage, files in older.items())
        found.append(f"dvc.lock is older than the code of {stages}: {REMEDY}")
    return found


def stage_names(content: dict[str, Any]) -> set[str]:
    """Names of the stages of a dvc.yaml as dvc.lock has them: `data@mnist` for an item of a matrix."""
    return {
        f"{name}@{dataset}" if dataset else name
        for name, stage in content["stages"].items()
        for dataset in stage.get("matrix", {"dataset": [""]})["dataset"]
    }


def _unknown_stages(configuration: Configuration) -> list[str]:
    return sorted((_locked() or {}).keys() - stage_names(pipeline(configuration)))


def _locked() -> dict[str, dict[str, Any]] | None:
    """Stages of dvc.lock, checked by DVC's own schema; None where there is no such file."""
    if not FILE.is_file():
        return None
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA  # type: ignore[import-untyped]
    from voluptuous import Invalid

    try:
        return COMPILED_LOCKFILE_SCHEMA(yaml.safe_load(FILE.read_text(encoding="utf-8"))).get("stages", {})
    except (yaml.YAMLError, Invalid, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise ConfigError(f"dvc.lock is damaged ({words}): `git checkout dvc.lock`, or {REMEDY} anew") from error


def _changed_sources() -> dict[str, list[str]]:
    """Stage -> code and configuration that is not what dvc.lock says; data and results may be elsewhere."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json"], cwd=paths.ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        return {}
    found = {}
    for stage, changes in json.loads(done.stdout).items():
        files = [
            path
            for change in changes
            if isinstance(change, dict)
            for path in change.get("changed deps", {})
            if not path.startswith(("data/", "results/"))
        ]
        files += ["its command"] if "changed command" in changes else []
        if files:
            found[stage] = files
    return found
