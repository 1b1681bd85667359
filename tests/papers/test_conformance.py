"""What every paper of the suite must satisfy. A paper that has a file under config/papers is found by itself."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from tenfold import codegraph, paths, stages
from tenfold.config import Configuration
from tenfold.evaluation import read_metrics
from tenfold.files import read_arrays, read_json
from tenfold.jobs import Plan
from tenfold.training.job import Job
from tenfold.training.loop import Loop
from tests.conftest import REPOSITORY, use_folders

PAPERS = Configuration(REPOSITORY / "config").known_papers
# With `pytest -n` all tests of a paper run in one process, so that it is built once.
TOGETHER = [pytest.param(slug, marks=pytest.mark.xdist_group(f"conformance-{slug}")) for slug in PAPERS]
VERDICTS = {"reproduced", "contradicted", "inconclusive", "not tested", "consistent (stand-in)"}
SCALES = ("smoke", "quick", "standard", "paper")


class Killed(BaseException):
    """Stands for `kill -9`: nothing in the package catches it."""


class Built:
    """A paper built at scale smoke: all runs, metrics, figures, claims."""

    def __init__(self, slug: str, root: Path) -> None:
        self.root = root
        self.plan = Plan(Configuration(REPOSITORY / "config", scale="smoke"), slug)
        self.saves: dict[str, int] = {}

    def fetch(self) -> None:
        """Raw data of scale smoke: generated or embedded, so it needs no network."""
        from tenfold.data.fetch import fetch

        for dataset in self.plan.datasets():
            for raw in self.plan.paper.datasets[dataset].raws:
                fetch(raw, self.plan.configuration.datasets[raw], [], paths.raw(raw))

    def jobs(self, *, backwards: bool = False) -> list[Job]:
        """The jobs in the order of the configuration, or in the other, each behind the one that it starts from."""
        jobs = self.plan.jobs()
        return sorted(reversed(jobs) if backwards else jobs, key=lambda job: self.generation(job.method))

    def generation(self, method: str) -> int:
        """How many methods have to run before this one."""
        after = self.plan.paper.methods[method].after
        return 0 if after is None else 1 + self.generation(after)

    def train(self, *, backwards: bool = False) -> None:
        """Every stage up to the measured runs; `backwards` takes the data sets and methods in the other order."""
        for dataset in self.plan.datasets():
            stages.prepare(self.plan, dataset)
        for job in self.jobs(backwards=backwards):
            stages.train(self.plan, job, "cpu")
            stages.evaluate(self.plan, job)
        stages.collect(self.plan)


@pytest.fixture(scope="module", params=TOGETHER)
def built(request, tmp_path_factory):
    """The paper's smoke build, once for all tests of the paper."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TENFOLD_CHECKPOINT_SECONDS", "0")
        paper = Built(request.param, use_folders(tmp_path_factory.mktemp(request.param), patch))
        save, count = Loop._save, {"": 0}

        def counting(loop: Loop) -> None:
            count[""] += 1
            save(loop)

        paper.fetch()
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Loop, "_save", counting)
            for dataset in paper.plan.datasets():
                stages.prepare(paper.plan, dataset)
            for job in paper.jobs():
                count[""] = 0
                stages.train(paper.plan, job, "cpu")
                stages.evaluate(paper.plan, job)
                paper.saves[job.name] = count[""]
        stages.collect(paper.plan)
        stages.claims(paper.plan)
        stages.figures(paper.plan)
        yield paper


def results(paper: Built) -> Path:
    return paths.paper_results("smoke", paper.plan.slug)


def test_it_has_the_four_scales_and_valid_settings_at_each(built):
    for scale in SCALES:
        Plan(Configuration(REPOSITORY / "config", scale=scale), built.plan.slug).validate()


def test_every_run_leaves_its_record_and_nothing_unfinished(built):
    for job in built.plan.jobs():
        record = read_json(job.directory / "run.json")
        assert record["settings"] == job.settings
        assert not (job.directory / "unfinished").exists()


def test_every_method_yields_finite_metrics_for_every_seed(built):
    rows = list(read_metrics(results(built) / "metrics.csv"))
    for job in built.plan.jobs():
        own = [row for row in rows if (row.dataset, row.method) == (job.dataset, job.method)]
        assert {row.seed for row in own} >= set(job.seeds)
        assert any(np.isfinite(row.value) for row in own)


def test_a_second_build_in_another_order_gives_the_same_bytes(built, tmp_path, monkeypatch):
    first = (results(built) / "metrics.csv").read_bytes()
    use_folders(tmp_path, monkeypatch)
    built.fetch()
    built.train(backwards=True)
    assert (results(built) / "metrics.csv").read_bytes() == first


def test_a_killed_run_resumes_to_the_same_result(built, tmp_path, monkeypatch):
    save = Loop._save
    for job in built.plan.jobs():
        predictions, history = job.directory / "predictions.npz", job.directory / "history.jsonl"
        expected = predictions.read_bytes(), history.read_bytes()
        if not built.saves[job.name]:
            continue
        survives = {"": (built.saves[job.name] + 1) // 2}

        def killed_after(loop: Loop, survives=survives) -> None:
            save(loop)
            survives[""] -= 1
            if survives[""] == 0:
                if loop.step < loop.total:
                    loop.log(rows_after_the_checkpoint="are forgotten")
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Loop, "_save", killed_after)
            with pytest.raises(Killed):
                stages.train(built.plan, job, "cpu")
        stages.train(built.plan, job, "cpu")
        assert read_json(job.directory / "run.json")["resumed"] >= 1
        assert (predictions.read_bytes(), history.read_bytes()) == expected, job.name


def test_evaluation_needs_only_the_run_files(built):
    for job in built.plan.jobs():
        before = (job.directory / "metrics.csv").read_bytes()
        (job.directory / "metrics.csv").unlink()
        stages.evaluate(built.plan, job)
        assert (job.directory / "metrics.csv").read_bytes() == before


def test_metric_values_are_the_means_of_their_samples(built):
    for job in built.plan.jobs():
        values = {(r.seed, r.split, r.metric): r.value for r in read_metrics(job.directory / "metrics.csv")}
        for key, outcomes in read_arrays(job.directory / "samples.npz").items():
            seed, split, metric = key.split("|")
            assert values[int(seed), split, metric] == pytest.approx(float(np.mean(outcomes)), rel=1e-5, abs=1e-8)


def test_every_claim_gets_a_verdict(built):
    verdicts = json.loads((results(built) / "claims.json").read_text())
    assert [verdict["id"] for verdict in verdicts] == [claim.id for claim in built.plan.paper.claims]
    for verdict in verdicts:
        assert verdict["verdict"] in VERDICTS
        assert verdict["reason"]


def test_figures_are_drawn_and_not_empty(built):
    from matplotlib import image

    drawn = read_json(results(built) / "figures.json")
    assert drawn["figures"]
    assert set(drawn["figures"]) <= set(built.plan.paper.figures)
    assert set(drawn["tables"]) <= set(built.plan.paper.tables)
    for name in drawn["figures"]:
        pixels = image.imread(results(built) / "figures" / f"{name}.png")
        assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 10, name
        assert (results(built) / "figures" / f"{name}.pdf").stat().st_size > 1000
    for name in drawn["tables"]:
        assert len((results(built) / "tables" / f"{name}.csv").read_text().splitlines()) > 1, name


def test_prepared_data_matches_the_statistics_the_paper_reports(built):
    for dataset in built.plan.datasets():
        manifest = read_json(paths.prepared("smoke", built.plan.slug, dataset) / "manifest.json")
        assert manifest["statistics"]
        for name, reported in manifest["reported_statistics"].items():
            assert manifest["statistics"][name] == pytest.approx(reported, rel=5e-4), name


@pytest.mark.parametrize("slug", PAPERS)
def test_it_imports_no_other_paper(slug):
    module = Plan(Configuration(REPOSITORY / "config", scale="smoke"), slug).paper.module
    for stage in ("prepare", "train", "evaluate", "figures"):
        for path in codegraph.stage_files(f"{module}.{stage}"):
            folder = path.relative_to(paths.SOURCE).parts[:2]
            assert folder[0] != "papers" or folder[1] in {"__init__.py", module.rpartition(".")[2]}, path


@pytest.mark.parametrize("slug", PAPERS)
def test_it_is_complete(slug):
    paper = Plan(Configuration(REPOSITORY / "config", scale="smoke"), slug).paper
    folder = paths.SOURCE / "papers" / paper.module.rpartition(".")[2]
    assert "| item |" in (folder / "README.md").read_text().lower()
    assert paper.bibtex.lstrip().startswith("@")
    assert paper.claims
    for stage in ("prepare", "train", "evaluate", "figures"):
        assert callable(getattr(importlib.import_module(f"{paper.module}.{stage}"), stage))


@pytest.mark.parametrize("slug", PAPERS)
def test_its_commands_have_a_function_that_takes_a_task(slug):
    paper = Plan(Configuration(REPOSITORY / "config", scale="smoke"), slug).paper
    for name in paper.commands:
        attribute = name.replace("-", "_")
        function = getattr(importlib.import_module(f"{paper.module}.{attribute}"), attribute)
        assert next(iter(inspect.signature(function).parameters)) == "task", name
        assert function.__doc__, name


@pytest.mark.parametrize("slug", PAPERS)
def test_training_code_does_not_depend_on_the_configuration_models_or_the_report(slug):
    """Else a new key of the configuration models would train everything again."""
    module = Plan(Configuration(REPOSITORY / "config", scale="smoke"), slug).paper.module
    names = {path.relative_to(paths.SOURCE).parts[0] for path in codegraph.stage_files(f"{module}.train")}
    assert not names & {"config", "jobs.py", "cli", "claims", "results.py", "plotting.py", "tracking", "report"}
