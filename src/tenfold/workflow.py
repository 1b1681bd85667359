"""What the Snakemake rules ask: targets, inputs, digests and resources. Light: parsed before every job."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenfold import codegraph, paths
from tenfold.config import OVERRIDES, Configuration
from tenfold.data.manifest import content_digest, is_present, read_manifest
from tenfold.errors import DataError
from tenfold.jobs import Plan
from tenfold.provenance import digest_of
from tenfold.report.captions import captions, figure_labels
from tenfold.training.job import Job, parse_block
from tenfold.versions.pipeline import check_pipeline
from tenfold.versions.raw import mark_absent, used_at_any_scale
from tenfold.versions.records import of_paper, of_suite


class Workflow:
    """The suite as the rules see it. Paths are relative to the project's folder, as Snakemake wants them."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        changed = {key: value for key, value in config.items() if value is not None}
        os.environ[OVERRIDES] = json.dumps(changed, sort_keys=True)
        self.configuration = Configuration()
        self.scale = self.configuration.suite.scale
        self.papers = self.configuration.selected_papers
        self._plans: dict[str, Plan] = {}
        self._code: dict[tuple[str, str], list[str]] = {}

    def check(self) -> None:
        """Check the settings of every job, before a build: its jobs read only their own paper. Raises ConfigError."""
        for slug in self.papers:
            self.plan(slug).validate()
        if "DVC_STAGE" in os.environ:
            check_pipeline(self.configuration)

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
        return [_name(folder / name) for name in ("claims.json", "figures.json", "headline.json", "curves.csv")]

    def targets(self) -> list[str]:
        """What building the suite means."""
        return [
            *(target for paper in self.papers for target in self.paper_targets(paper)),
            _name(paths.report(self.scale) / "index.html"),
            _name(paths.RESULTS / self.scale / "tracking.json"),
        ]

    def prepared_targets(self, papers: Sequence[str]) -> list[str]:
        """Prepared data of some papers: what has to be there before a cluster's nodes can work without a network."""
        return [
            _name(paths.prepared(self.scale, paper, dataset) / "manifest.json")
            for paper in papers
            for dataset in self.plan(paper).datasets()
        ]

    # ------------------------------------------------------------------------------------------- inputs

    def code(self, paper: str, stage: str) -> list[str]:
        """Source files of a paper's stage; asked for every job."""
        if (paper, stage) not in self._code:
            module = f"{self.plan(paper).paper.module}.{stage}"
            self._code[paper, stage] = [_name(path) for path in codegraph.stage_files(module)]
        return self._code[paper, stage]

    def package_code(self, *modules: str) -> list[str]:
        """Source files of a shared stage, and the templates of its packages."""
        found = {path for module in modules for path in codegraph.stage_files(module)}
        packages = {module.rpartition(".")[0] for module in modules} - {"tenfold"}
        found |= {path for package in packages for path in codegraph.template_files(package)}
        return [_name(path) for path in sorted(found)]

    def raw_manifest(self, wildcards: Any) -> list[str]:
        """Manifests of the raw data that a prepared data set is made of; none when it is generated."""
        raws = self.plan(wildcards.paper).paper.datasets[wildcards.dataset].raws
        return [_name(paths.raw(raw) / "manifest.json") for raw in raws]

    def raw_digest(self, wildcards: Any) -> str:
        """Digest of the raw files as they are on disk and of how they are read: a changed byte prepares them anew.

        Raw data that is not here (its licence may forbid to share it) counts as what it was when the results were made:
        only data that can be looked at can have changed.
        """
        raws = self.plan(wildcards.paper).paper.datasets[wildcards.dataset].raws
        digests = [
            digest_on_disk(raw)
            if is_present(paths.raw(raw))
            else of_paper(self.scale, wildcards.paper).raw_digest(raw) or "absent"
            for raw in raws
        ]
        if not digests:
            return "generated"
        return digests[0] if len(digests) == 1 else digest_of(digests)

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

    # ------------------------------------------------------------------------------------------- report

    def captions(self) -> dict[str, Any]:
        """What Snakemake's report says about each paper and its figures."""
        return {paper: captions(self.plan(paper).paper) for paper in self.papers}

    def figure_labels(self, wildcards: Any) -> dict[str, str]:
        """The columns in which Snakemake's report lists a figure."""
        return figure_labels(self.plan(wildcards.paper).paper, wildcards.name)

    # ----------------------------------------------------------------------------------------- versions

    def restore_records(self) -> None:
        """Fill Snakemake's memory from the records beside the results, where these came from elsewhere."""
        for shelf in [*(of_paper(self.scale, paper) for paper in self.papers), of_suite(self.scale)]:
            shelf.restore()

    def keep_records(self) -> None:
        """After a build: leave Snakemake's records beside the results, and a folder for each raw data set."""
        for paper in self.papers:
            raw = used_at_any_scale(self.configuration, paper)
            mark_absent(raw)
            of_paper(self.scale, paper).keep(
                {name: digest_on_disk(name) for name in raw if is_present(paths.raw(name))}
            )
        of_suite(self.scale).keep()

    # ---------------------------------------------------------------------------------------- resources

    def threads(self, wildcards: Any) -> int:
        return self.plan(wildcards.paper).scale.resources.threads

    def memory(self, wildcards: Any, attempt: int) -> int:
        return self.plan(wildcards.paper).scale.resources.mem_mb * attempt

    def minutes(self, wildcards: Any, attempt: int) -> int:
        return self.plan(wildcards.paper).scale.resources.minutes * attempt

    def gpu(self, wildcards: Any) -> int:
        return self.plan(wildcards.paper).scale.resources.gpu


def digest_on_disk(dataset: str) -> str:
    """Digest of the raw files as they are on disk and of how they are read, not of where they came from."""
    try:
        manifest = read_manifest(paths.raw(dataset))
    except DataError:
        return "damaged"
    return digest_of([content_digest(paths.raw(dataset)), manifest.reader, manifest.reader_settings])


def _name(path: Path) -> str:
    """As Snakemake wants it: relative to the project; a package installed elsewhere keeps its absolute path."""
    return path.relative_to(paths.ROOT).as_posix() if path.is_relative_to(paths.ROOT) else path.as_posix()
