"""dvc.yaml, written from the configuration: what DVC versions, what that depends on, and what rebuilds it.

A stage's command is a call of Snakemake, which decides what to run. DVC fills templates only with single values, but a
paper depends on a list of data sets; so the stages of the papers are written out, and a test says when they have to be
written again. The scale stays a variable, and no list depends on it: `dvc exp run -S config/suite.yaml:scale=smoke`
needs no new dvc.yaml.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from tenfold import codegraph, paths
from tenfold.config import Configuration, PaperConfig
from tenfold.errors import ConfigError
from tenfold.versions.raw import used_at_any_scale, used_by_the_suite

FILE = paths.ROOT / "dvc.yaml"
SUITE = "config/suite.yaml"
WORKFLOW = ["Snakefile", "workflow/rules"]

HEADER = """\
# Data and results as DVC versions them. Written by `tenfold versions` from config/: do not edit.
#
#   dvc repro                      rebuild what is stale (Snakemake decides what that means inside a stage)
#   dvc status                     what is stale, and why
#   dvc metrics diff, dvc plots    headline metrics and learning curves, against the last commit
#
# docs/versions.md says more.
"""


def generated(configuration: Configuration) -> str:
    """Text of dvc.yaml."""
    return HEADER + "\n" + yaml.safe_dump(pipeline(configuration), sort_keys=False, width=1000)


def has_drifted(configuration: Configuration) -> bool:
    """Whether dvc.yaml is not what the configuration asks for."""
    return not FILE.is_file() or FILE.read_text(encoding="utf-8") != generated(configuration)


def check_pipeline(configuration: Configuration) -> None:
    """Raise ConfigError where dvc.yaml is not what the configuration asks for."""
    if paths.SOURCE.is_relative_to(paths.ROOT) and has_drifted(configuration):
        raise ConfigError("dvc.yaml is not what config/ asks for any more: run `tenfold versions`, then this again")


def write(configuration: Configuration) -> Path:
    """Write dvc.yaml and return its path."""
    FILE.write_text(generated(configuration), encoding="utf-8")
    return FILE


def pipeline(configuration: Configuration) -> dict[str, Any]:
    """Content of dvc.yaml."""
    papers = [configuration.paper(slug) for slug in configuration.selected_papers]
    shared = sorted({entry for paper in papers for entry in _entries(_paper_modules(paper))})
    results = [f"results/${{scale}}/{paper.slug}" for paper in papers]
    curves = {"x": "step", "y": "value", "template": "learning-curves"}
    return {
        "vars": [f"{SUITE}:scale"],
        "stages": {
            **_data_stages(configuration),
            **{_stage_name(paper): _paper_stage(configuration, paper, shared) for paper in papers},
            "report": _report_stage(papers, results),
        },
        "metrics": [f"{folder}/headline.json" for folder in results],
        "plots": [
            {f"{folder}/curves.csv": {**curves, "title": f"Learning curves of {paper.slug}"}}
            for folder, paper in zip(results, papers, strict=True)
        ],
    }


def _stage_name(paper: PaperConfig) -> str:
    """`reproduce-<slug>`; DVC allows no dots in it."""
    return "reproduce-" + re.sub(r"[^a-z0-9-]", "-", paper.slug)


def _data_stages(configuration: Configuration) -> dict[str, Any]:
    """One matrix of data sets that may be pushed, one of those that may not; more where entries lie in other files."""
    groups: dict[tuple[str, bool, str], list[str]] = defaultdict(list)
    for name in used_by_the_suite(configuration):
        shared = configuration.datasets[name].redistributable
        file = configuration.dataset_files[name]
        suffix = "" if file.name == "datasets.yaml" else f"-{re.sub('[^a-z0-9-]', '-', file.stem.lower())}"
        groups["data" + ("" if shared else "-unshared") + suffix, shared, paths.relative(file)].append(name)
    return {
        group: {
            "desc": "raw data" if shared else "raw data that its licence forbids to share: never pushed",
            "matrix": {"dataset": names},
            "cmd": "tenfold data fetch ${item.dataset} --as-needed",
            "deps": [file],
            "params": [{SUITE: ["scale"]}],
            "outs": [_output("data/raw/${item.dataset}", push=shared)],
        }
        for (group, shared, file), names in sorted(groups.items())
    }


def _paper_stage(configuration: Configuration, paper: PaperConfig, shared: list[str]) -> dict[str, Any]:
    raw = used_at_any_scale(configuration, paper.slug)
    may_be_pushed = all(configuration.datasets[name].redistributable for name in raw)
    return {
        "desc": paper.title,
        # Two calls: where only the prepared data is missing, the first makes it, and the second finds it unchanged.
        "cmd": [f"snakemake --cores all prepared-{paper.slug}", f"snakemake --cores all {paper.slug}"],
        "deps": [
            f"config/papers/{paper.slug}.yaml",
            f"{_source()}/{'/'.join(paper.module.split('.')[1:])}",
            *(f"data/raw/{name}" for name in raw),
            *WORKFLOW,
            *shared,
        ],
        "params": [{SUITE: ["scale", "seeds"]}],
        "outs": [
            _output(f"data/prepared/${{scale}}/{paper.slug}", push=may_be_pushed),
            _output(f"results/${{scale}}/{paper.slug}"),
        ],
    }


def _report_stage(papers: list[PaperConfig], results: list[str]) -> dict[str, Any]:
    modules = ["tenfold.report.site", "tenfold.tracking"]
    folder = "results/${scale}"
    return {
        "desc": "the report, and what was loaded into MLflow",
        "cmd": "snakemake --cores all",
        "deps": [*(f"config/papers/{paper.slug}.yaml" for paper in papers), *results, *WORKFLOW, *_entries(modules)],
        "params": [{SUITE: ["scale", "papers", "tracking"]}],
        "outs": [_output(f"{folder}/{name}") for name in ("report", "tracking.json", "snakemake.json.gz")],
    }


def _output(path: str, *, push: bool = True) -> dict[str, Any]:
    """An output that DVC leaves in place before it runs the stage: Snakemake decides what of it is made again."""
    return {path: {"persist": True} if push else {"persist": True, "push": False}}


# ------------------------------------------------------------------------------------------------- code


def _paper_modules(paper: PaperConfig) -> list[str]:
    """Modules whose code a paper's results come from: those that the rules list as their inputs."""
    stages = [f"{paper.module}.{stage}" for stage in ("prepare", "train", "evaluate", "figures")]
    return [*stages, "tenfold.claims.judge", "tenfold.claims.headline"]


def _entries(modules: list[str]) -> list[str]:
    """Files and folders of the package that the code of some modules lies in; the papers' own folders are left out."""
    found = {path.relative_to(paths.SOURCE).parts for module in modules for path in codegraph.stage_files(module)}
    shared = {parts[0] for parts in found if parts[0] != "papers"}
    shared |= {"/".join(parts) for parts in found if parts[0] == "papers" and len(parts) == 2}
    return [f"{_source()}/{entry}" for entry in sorted(shared)]


def _source() -> str:
    return paths.relative(paths.SOURCE)
