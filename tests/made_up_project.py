"""A made-up project on disk: configuration, data manifests, runs, metrics, figures and claims that tests can bend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tenfold import paths
from tenfold.config import Configuration
from tenfold.evaluation import MetricRow, read_metrics, write_metrics
from tenfold.files import write_json
from tenfold.jobs import Plan
from tenfold.results import Results
from tenfold.training.job import Job

SCALE = "tiny"
SLUG = "made-up"

PAPER: dict[str, Any] = {
    "slug": SLUG,
    "title": "A made-up paper & its <claims>",
    "authors": ["Ada Example", "Bo Sample", "Cy Test"],
    "year": 2023,
    "venue": "AAAI",
    "links": {"paper": "https://example.org/paper"},
    "bibtex": "@inproceedings{example2023,\n  title = {A made-up paper},\n}",
    "summary": "It says that `ours` is better.\n\nIt says so twice.",
    "datasets": {
        "own": {"title": "Own data", "kind": "paper", "raw": "own-raw", "statistics": {"users": 100}},
        "films": {"title": "Films-100K", "kind": "real", "raw": "films-raw"},
        "toy": {"title": "Toy clusters", "kind": "synthetic"},
        "gated": {"title": "Gated data", "kind": "paper", "raw": "gated-raw"},
    },
    "methods": {
        "ours": {"title": "OURS"},
        "baseline": {"title": "Baseline", "role": "baseline"},
        "random": {"title": "Random", "role": "control", "deterministic": True},
    },
    "scales": {SCALE: {"datasets": ["own", "films", "toy"], "also": ["gated"],
                       "methods": ["ours", "baseline", "random"], "seeds": [0, 1, 2]}},
    "metrics": {
        "ndcg@10": {"title": "NDCG@10", "higher_is_better": True},
        "error": {"title": "Error", "higher_is_better": False, "format": ".2f"},
    },
    "claims": [
        {"id": "C1", "title": "Ours beats the baseline", "statement": "OURS is better.", "source": "Table 2",
         "comparisons": [{"metric": "ndcg@10", "method": "ours", "against": {"method": "baseline"},
                          "direction": "higher", "margin": 0.01}]},
        {"id": "C2", "title": "Ours errs less", "statement": "OURS errs less.", "source": "Table 3",
         "comparisons": [{"metric": "error", "method": "ours", "against": {"method": "baseline"},
                          "direction": "lower"}]},
        {"id": "C3", "title": "Users like it", "statement": "People were asked.", "source": "Section 5",
         "not_tested": "it needs people"},
        {"id": "S1", "title": "Beats chance", "statement": "Above 0.1.", "source": "ours", "ours": True,
         "comparisons": [{"metric": "ndcg@10", "method": "ours", "against": 0.1, "direction": "higher"}]},
    ],
    "reported": [
        {"dataset": "own", "method": "ours", "metric": "ndcg@10", "value": 0.5, "origin": "Table 2"},
        {"dataset": "own", "method": "ours", "metric": "ndcg@10", "value": 0.48, "origin": "official code",
         "label": "released weights"},
        {"dataset": "gated", "method": "ours", "metric": "ndcg@10", "value": 0.61, "origin": "Table 2"},
    ],
    "figures": {"bars": {"title": "Bars", "caption": "Mean over seeds.", "source": "Figure 3"},
                "later": {"title": "Not drawn", "caption": "Never made."}},
    "tables": {"main": {"title": "Main results", "caption": "Everything.", "source": "Table 2"}},
    "deviations": [{"what": "Smaller model", "why": "It has to run on a laptop.", "effect": "Lower numbers."}],
}  # fmt: skip

DATASETS: dict[str, Any] = {
    name: {
        "title": name.title(),
        "licence": "CC BY 4.0",
        "gated": "Fill in the form." if name == "gated-raw" else None,
        "sources": [
            {"type": "url", "reader": "tables.read", "url": "https://example.org/x", "files": [{"path": "x.csv"}]}
        ],
    }
    for name in ("own-raw", "films-raw", "gated-raw")
}

CLAIMS: list[dict[str, Any]] = [
    {
        "id": "C1", "title": "Ours beats the baseline", "statement": "OURS is better.", "source": "Table 2",
        "ours": False, "verdict": "reproduced", "reason": "the interval lies above the margin", "note": "",
        "data_kinds": ["paper"],
        "comparisons": [{
            "text": "NDCG@10 of OURS is higher than of Baseline", "verdict": "reproduced", "reason": "", "pairs": 3,
            "direction": "higher", "rule": "interval", "unit": "seed", "margin": 0.01, "data_kinds": ["paper"],
            "method_value": 0.52, "against_value": 0.41, "effect": 0.11, "interval": [0.07, 0.15], "p": 0.125,
            "reverse_p": 1.0, "datasets": [
                {"dataset": "own", "kind": "paper", "judged": True, "pairs": 3, "dropped": 0, "method_value": 0.52,
                 "against_value": 0.41, "effect": 0.11, "interval": [0.07, 0.15], "notes": []},
                {"dataset": "toy", "kind": "synthetic", "judged": False, "pairs": 0, "dropped": 3,
                 "notes": ["3 pairs lack a partner"]}],
        }],
    },
    {
        "id": "C2", "title": "Ours errs less", "statement": "OURS errs less.", "source": "Table 3", "ours": False,
        "verdict": "contradicted", "reason": "the interval lies below zero",
        "comparisons": [{"text": "Error of OURS is lower", "verdict": "contradicted", "direction": "lower", "pairs": 3,
                         "effect": -0.4, "interval": [-0.6, -0.2], "p": 1.0, "reverse_p": 0.0005}],
    },
    {"id": "C3", "verdict": "not tested", "reason": "it needs people"},
]  # fmt: skip


class Project:
    """A project folder that the package takes for its own while a test runs."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        folders = {"ROOT": "", "CONFIG": "config", "DATA": "data", "RESULTS": "results", "LABELS": "labels"}
        for name, folder in folders.items():
            monkeypatch.setattr(paths, name, root / folder)
        self.write_yaml("suite.yaml", {"scale": SCALE, "papers": "all"})
        self.write_yaml("datasets.yaml", DATASETS)
        self.add_paper(PAPER)

    def write_yaml(self, name: str, content: Any) -> None:
        path = self.root / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def add_paper(self, content: dict[str, Any]) -> None:
        self.write_yaml(f"papers/{content['slug']}.yaml", content)

    @property
    def configuration(self) -> Configuration:
        return Configuration(self.root / "config", scale=SCALE)

    def plan(self, slug: str = SLUG) -> Plan:
        return Plan(self.configuration, slug)

    def folder(self, slug: str = SLUG) -> Path:
        return paths.paper_results(SCALE, slug)

    def jobs(self, slug: str = SLUG) -> list[Job]:
        plan = self.plan(slug)
        return [
            Job(SCALE, slug, dataset, method, seeds, {"learning_rate": 0.01, "model": {"width": 8}})
            for dataset in plan.datasets()
            for method in plan.methods(dataset)
            for seeds in plan.blocks(method)
        ]

    def results(self, slug: str = SLUG) -> Results:
        return Results(self.plan(slug).paper, SCALE, self.folder(slug), self.jobs(slug))

    # --------------------------------------------------------------------------------------------- stages

    def prepare(self, slug: str = SLUG) -> None:
        paper = self.plan(slug).paper
        for name in self.plan(slug).datasets():
            if raw := paper.datasets[name].raw:
                write_json(
                    paths.raw(raw) / "manifest.json",
                    {
                        "source": "pypi",
                        "origin": "package made-up 1.0",
                        "files": [{"name": "x.csv", "size": 2_500_000}],
                    },
                )
            write_json(
                paths.prepared(SCALE, slug, name) / "manifest.json",
                {"statistics": {"users": 99.0, "items": 12.0}, "digest": f"data-{name}"},
            )

    def history(self, job: Job, steps: int = 30) -> list[dict[str, Any]]:
        return [
            {"loop": f"seed-{seed}", "seed": seed, "step": step, "loss": round(2.0 / step + 0.1 * seed, 6)}
            for seed in job.seeds
            for step in range(1, steps + 1)
        ]

    def finish(self, job: Job, *, quality: float = 0.5, **changes: Any) -> Path:
        """Leave the folder of a finished run: run.json, history.jsonl, predictions.npz, metrics.csv."""
        folder = job.directory
        folder.mkdir(parents=True, exist_ok=True)
        rows = self.history(job)
        (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        np.savez(folder / "predictions.npz", scores=np.arange(3.0))
        kind = self.configuration.paper(job.paper).datasets[job.dataset].kind
        write_metrics(folder / "metrics.csv", [
            MetricRow(job.paper, job.dataset, kind, job.method, seed, split, metric, value + 0.01 * seed)
            for seed in job.seeds
            for split in ("test", "validation")
            for metric, value in (("ndcg@10", quality), ("error", 10 * quality))
        ])  # fmt: skip
        record = {
            "paper": job.paper,
            "dataset": job.dataset,
            "data_kind": kind,
            "method": job.method,
            "seeds": list(job.seeds),
            "scale": job.scale,
            "settings": job.settings,
            "after": None,
            "settings_digest": job.digest,
            "data_digest": f"data-{job.dataset}",
            "code_digest": "c0de",
            "versions": {"python": "3.11.2", "torch": "2.13.0"},
            "host": {"node": "secret-node", "system": "Linux-6.1", "machine": "x86_64", "cpus": 2, "slurm_job": None},
            "device": "cpu",
            "threads": 1,
            "cpu_seconds": 12.5,
            "wall_seconds": 14.0,
            "peak_memory_mb": 410.0,
            "resumed": 0,
            "finished": "2025-03-01T10:20:30+00:00",
        }
        write_json(folder / "run.json", record | changes)
        return folder

    def fail(self, job: Job, message: str = "loss is not a number at step 7") -> Path:
        """Leave the folder of a failed job."""
        folder = job.directory / "unfinished"
        write_json(folder / "failure.json", {"job": job.name, "error": "RunFailed", "message": message, "step": 7,
                                             "time": "2025-03-01T11:00:00+00:00", "diverged": True})  # fmt: skip
        return folder

    def collect(self, slug: str = SLUG) -> None:
        found = [job.directory / "metrics.csv" for job in self.jobs(slug)]
        write_metrics(
            self.folder(slug) / "metrics.csv", [r for path in found if path.exists() for r in read_metrics(path)]
        )

    def draw(self, slug: str = SLUG) -> None:
        """Make the figure and the table that the paper declares (all but `later`)."""
        from tenfold.plotting import figure
        from tenfold.tables import comparison_table

        results = self.results(slug)
        drawn, ax = figure("column")
        ax.bar([0, 1], [1, 2])
        results.save_figure("bars", drawn, datasets=["own", "films"])
        results.save_table("main", comparison_table(results, ["ndcg@10"]))

    def build_all(self, skip: Sequence[Job] = ()) -> None:
        """Every stage but the report, with results in which OURS is better."""
        self.prepare()
        for job in self.jobs():
            if job not in skip:
                self.finish(job, quality={"ours": 0.5, "baseline": 0.4, "random": 0.1}[job.method])
        self.collect()
        self.draw()
        write_json(self.folder() / "claims.json", CLAIMS)
