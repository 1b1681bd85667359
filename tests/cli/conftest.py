"""A made-up paper that brings a command, and a way to call `tenfold` in this process."""

from __future__ import annotations

import copy
import sys
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from tenfold import stages
from tenfold.cli.application import app
from tenfold.config import Configuration
from tenfold.settings import Strict
from tenfold.training.command import CommandTask
from tests.made_up_project import PAPER, SLUG


class Greeting:
    """The made-up paper with `tenfold greet`, and what the command was called with."""

    def __init__(self, project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project
        self.monkeypatch = monkeypatch
        self.calls: list[tuple[CommandTask, dict[str, Any]]] = []
        self.content = copy.deepcopy(PAPER)
        self.content["methods"]["tuned"] = {"title": "Tuned", "after": "ours", "settings": {"rate": 0.5}}
        self.declare({"greet": {"title": "Say hello to a data set", "method": "tuned"}})
        settings = ModuleType("settings")
        settings.Train = type("Train", (Strict,), {"__annotations__": {"rate": float}, "rate": 0.1})
        settings.Prepare = type("Prepare", (Strict,), {})
        self.module("settings", settings)
        self.module("greet", self.greeting_module())
        monkeypatch.setattr(Configuration.__init__, "__defaults__", (project.root / "config",))
        monkeypatch.setattr(stages, "train_code_digest", lambda plan: "c0de")

    def declare(self, commands: dict[str, Any]) -> None:
        self.content["commands"] = commands
        self.project.add_paper(self.content)

    def module(self, name: str, module: ModuleType) -> None:
        package = "tenfold.papers." + SLUG.replace("-", "_")
        if package not in sys.modules:
            self.monkeypatch.setitem(sys.modules, package, ModuleType(package))
        self.monkeypatch.setitem(sys.modules, f"{package}.{name}", module)

    def greeting_module(self) -> ModuleType:
        def greet(
            task: CommandTask, words: Annotated[str, typer.Option(help="What to say.")] = "hello", loud: bool = False
        ) -> None:
            """Say hello."""
            self.calls.append((task, {"words": words, "loud": loud}))

        module = ModuleType("greet")
        module.greet = greet
        return module

    def call(self, *arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def greeting(project, monkeypatch):
    return Greeting(project, monkeypatch)


@pytest.fixture
def ready(greeting):
    """The same, with data prepared and the runs of method `ours` finished."""
    from tenfold import paths
    from tenfold.files import write_json

    greeting.project.prepare()
    plan = greeting.project.plan()
    for dataset in ("own", "films", "toy"):
        raw = plan.paper.datasets[dataset].raw
        path = paths.prepared(plan.scale_name, SLUG, dataset) / "manifest.json"
        write_json(path, {"digest": f"data-{dataset}", "raw": raw, "raw_digest": "x", "settings": {}})
        greeting.project.finish(plan.job(dataset, "ours", (0, 1, 2)))
    (paths.raw("own-raw") / "manifest.json").unlink()
    (paths.raw("films-raw") / "manifest.json").unlink()
    return greeting
