"""Commands that papers bring, such as `tenfold label`: listed from their YAML, imported only when called.

A paper's `commands: {label: ...}` makes `tenfold label <data set>` call `label(task, ...)` in the paper's `label.py`.
What follows `task` in its signature becomes the command's own options.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import typing
from collections.abc import Callable, Iterator
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tenfold import paths
from tenfold.cli.arguments import ScaleOption, SeedOption, configuration_of, plan_of
from tenfold.errors import ConfigError

if TYPE_CHECKING:
    from tenfold.config import PaperConfig

PANEL = "Commands of papers"


class WithCommandsOfPapers(TyperGroup):
    """The suite's own commands, and after them those of the papers. Calling one of its own reads no paper's YAML."""

    def list_commands(self, ctx: Any) -> list[str]:
        names = super().list_commands(ctx)
        for path in _files_with_commands():
            with contextlib.suppress(ConfigError):  # help must be readable while a file is being mended
                names += [name for name in _commands_in(path) if name not in names]
        return names

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        found = [path for path in _files_with_commands() if cmd_name in _commands_in(path)]
        if len(found) > 1:
            slugs = ", ".join(path.stem for path in found)
            raise ConfigError(f"`tenfold {cmd_name}` is a command of several papers: {slugs}; rename it in one's YAML")
        return CommandOfPaper(cmd_name, found[0].stem, _commands_in(found[0])[cmd_name]) if found else None


class CommandOfPaper(TyperCommand):
    """A name in the list of commands that turns into the paper's own command when it is called."""

    def __init__(self, name: str, slug: str, title: str) -> None:
        super().__init__(name, help=f"{title} ({slug})", rich_help_panel=PANEL)
        self.slug = slug

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        name = str(self.name)
        with _missing_packages(name):
            command = _command(name, configuration_of().paper(self.slug))
        return command.make_context(info_name, args, parent, **extra)


def _files_with_commands() -> list[Path]:
    """YAML files of the papers that bring a command. To look for the key in all of them takes a millisecond."""
    files = sorted((paths.CONFIG / "papers").glob("*.yaml"))
    return [path for path in files if re.search(r"^commands:", path.read_text(encoding="utf-8"), re.MULTILINE)]


def _commands_in(path: Path) -> dict[str, str]:
    """Names and titles of a paper's commands, read without the models that check the file when a command is called."""
    import yaml

    try:
        content = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return {name: str(entry["title"]) for name, entry in (content["commands"] or {}).items()}
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{paths.relative(path)}: commands: cannot be read: {error}") from error


def _command(name: str, paper: PaperConfig) -> Any:
    """The paper's function as a command: data set, scale and seed first, then its own options."""
    function = _function(name, paper)

    def call(dataset: str, scale: str | None, seed: int | None, **options: Any) -> None:
        from tenfold.cli.readiness import task_of

        with _missing_packages(name):
            function(task_of(name, plan_of(paper.slug, scale), dataset, seed), **options)

    hints = typing.get_type_hints(function, include_extras=True)
    _, *own = signature(function).parameters.values()  # without `task`
    parameters = [
        _parameter("dataset", Annotated[str, typer.Argument(help=f"One of {', '.join(paper.datasets)}.")]),
        _parameter("scale", ScaleOption, default=None),
        _parameter("seed", SeedOption, default=None),
        *(_parameter(part.name, hints[part.name], default=part.default) for part in own),
    ]
    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {part.name: part.annotation for part in parameters}
    call.__doc__ = function.__doc__
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command(name)(call)
    return typer.main.get_command(application)


def _parameter(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _function(name: str, paper: PaperConfig) -> Callable[..., None]:
    """The function of the paper's module of that name. Raises ConfigError when there is none."""
    attribute = name.replace("-", "_")
    module = f"{paper.module}.{attribute}"
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and not module.startswith(error.name or "?"):
            raise
        where = f"src/{module.replace('.', '/')}.py"
        raise ConfigError(
            f"config/papers/{paper.slug}.yaml: commands.{name}: {where} with a function {attribute} is missing"
        ) from error


@contextlib.contextmanager
def _missing_packages(name: str) -> Iterator[None]:
    """Turn the import of a package that is not installed into a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "tenfold"}:
            raise
        raise ConfigError(
            f"`tenfold {name}` needs the Python package {package!r}, which is not installed: `make setup` installs it"
        ) from error
