"""What the Snakemake rules ask: targets, inputs, digests and resources. Light: parsed before every job."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenfold import codegraph, paths
from tenfold.config import OVERRIDES, Configuration
from tenfold.data.manifest import content_digest
from tenfold.jobs import Plan
from tenfold.training.job import Job, parse_block


class Workflow:
    """The suite as the rules see it. Paths are relative to the project's folder, as Snakemake wants them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        changed = {key: value for key, value in config.items() if value is not None}
        os.environ[OVERRIDES] = json.dumps(changed, sort_keys=True)
        self.configuration = Configuration()
        self.scale = self.configuration.suite.scale
        self.papers = self.configuration.selected_papers
        self._plans: dict[str, Plan] = {}
        for slug in self.papers:
            self.plan(slug).validate()

    def plan(self, paper: str) -> Plan:
        """The work of one paper."""
        if paper not in self._plans:
            self._plans[paper] = Plan(self.configuration, paper)
        return self._plans[paper]

    def job(self, wildcards: Any) -> Job:
        """The training job that a rule's wildcards name."""
        plan = self.plan(wildcards.paper)
        return plan.job(wildcards.dataset, wildcards.method, parse_block(wildcards.seeds))

    # ------------------------------------------------------------------------------------------ targets

    def paper_targets(self, paper: str) -> list[str]:
        """What building one paper means."""
        folder = paths.paper_results(self.scale, paper)
        return [_name(folder / "claims.json"), _name(folder / "figures.json")]

    def targets(self) -> list[str]:
        """What building the suite means."""
        return [
            *(target for paper in self.papers for target in self.paper_targets(paper)),
            _name(paths.report(self.scale) / "index.html"),
            _name(paths.RESULTS / self.scale / "tracking.json"),
        ]

    def prepared_targets(self) -> list[str]:
        """Every prepared data set: what has to be there before the nodes of a cluster can work without a network."""
        return [
            _name(paths.prepared(self.scale, paper, dataset) / "manifest.json")
            for paper in self.papers
            for dataset in self.plan(paper).datasets()
        ]

    # ------------------------------------------------------------------------------------------- inputs

    def code(self, paper: str, stage: str) -> list[str]:
        """Source files of a paper's stage."""
        return [_name(path) for path in codegraph.stage_files(f"{self.plan(paper).paper.module}.{stage}")]

    def package_code(self, module: str) -> list[str]:
        """Source files of a shared stage, and the templates of its package."""
        package = module.rpartition(".")[0]
        templates = [] if package == "tenfold" else codegraph.template_files(package)
        return [_name(path) for path in [*codegraph.stage_files(module), *templates]]

    def raw_manifest(self, wildcards: Any) -> list[str]:
        """Manifest of the raw data that a prepared data set is made of; empty when it is generated."""
        raw = self.plan(wildcards.paper).paper.datasets[wildcards.dataset].raw
        return [] if raw is None else [_name(paths.raw(raw) / "manifest.json")]

    def raw_digest(self, wildcards: Any) -> str:
        """Digest of the raw files as they are on disk: a changed byte prepares the data anew."""
        raw = self.plan(wildcards.paper).paper.datasets[wildcards.dataset].raw
        return "generated" if raw is None else content_digest(paths.raw(raw))

    def after(self, wildcards: Any) -> list[str]:
        """Result of the run that a training job starts from, if any."""
        directory = self.job(wildcards).after_directory
        return [] if directory is None else [_name(directory / "run.json")]

    def runs(self, paper: str, file: str) -> list[str]:
        """The same file of every run of a paper."""
        return [_name(job.directory / file) for job in self.plan(paper).jobs()]

    def paper_configs(self) -> list[str]:
        """The YAML files of the selected papers."""
        return [_name(paths.CONFIG / "papers" / f"{paper}.yaml") for paper in self.papers]

    # ---------------------------------------------------------------------------------------- resources

    def threads(self, wildcards: Any) -> int:
        return self.plan(wildcards.paper).scale.resources.threads

    def memory(self, wildcards: Any, attempt: int) -> int:
        return self.plan(wildcards.paper).scale.resources.mem_mb * attempt

    def minutes(self, wildcards: Any, attempt: int) -> int:
        return self.plan(wildcards.paper).scale.resources.minutes * attempt

    def gpu(self, wildcards: Any) -> int:
        return self.plan(wildcards.paper).scale.resources.gpu


def _name(path: Path) -> str:
    """As Snakemake wants it: relative to the project; a package installed elsewhere keeps its absolute path."""
    return path.relative_to(paths.ROOT).as_posix() if path.is_relative_to(paths.ROOT) else path.as_posix()
