from __future__ import annotations

from types import ModuleType

import pytest

from tenfold.cli import brought
from tenfold.cli.application import app
from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tests.conftest import REPOSITORY

OTHER = "another-paper"


def test_the_list_of_commands_names_those_of_papers_without_importing_them(greeting, monkeypatch):
    greeting.module("greet", None)  # any import of it would fail
    listing = greeting.call("--help").output
    assert "Commands of papers" in listing
    assert "Say hello to a data set (made-up)" in listing
    assert listing.index("Build the static report site") < listing.index("Say hello")


def test_a_command_of_the_suite_reads_no_papers_yaml(greeting, monkeypatch):
    def never():
        raise AssertionError("read the papers' YAML")

    monkeypatch.setattr(brought, "_files_with_commands", never)
    assert greeting.call("schemas", "--help").exit_code == 0


def test_the_paper_is_called_with_its_task_and_its_own_options(ready):
    answer = ready.call("greet", "toy", "--words", "good morning", "--loud", "--seed", "2")
    assert answer.exception is None or answer.exit_code == 0, answer.exception
    [(task, options)] = ready.calls
    assert options == {"words": "good morning", "loud": True}
    assert (task.paper, task.dataset, task.scale, task.seed) == ("made-up", "toy", "tiny", 2)
    assert task.title == "Toy clusters"
    assert task.settings == {"rate": 0.5}
    assert task.start.record["method"] == "ours"
    assert task.labels == ready.project.root / "labels" / "made-up" / "toy"
    assert task.data_digest == "data-toy"


def test_its_help_shows_what_the_suite_and_what_the_paper_adds(greeting):
    text = greeting.call("greet", "--help").output
    assert "Say hello." in text
    for part in ("dataset", "own, films, toy, gated", "--scale", "--seed", "--words", "What to say.", "--loud"):
        assert part in text
    assert "task" not in text.lower()


def test_the_first_seed_is_taken_when_none_is_given(ready):
    ready.call("greet", "toy")
    assert [task.seed for task, _ in ready.calls] == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("greet", "moon"), "made-up: unknown data set 'moon'; known: own, films, toy, gated"),
        (("greet", "toy", "--seed", "7"), "--seed: made-up has no seed 7 at scale tiny; it has: 0, 1, 2"),
        (("greet", "toy", "--scale", "huge"), "unknown scale 'huge'; made-up has: tiny"),
    ],
)
def test_a_wrong_argument_is_one_sentence(ready, arguments, message):
    answer = ready.call(*arguments)
    assert isinstance(answer.exception, ConfigError)
    assert message in str(answer.exception)
    assert not ready.calls


def test_an_unknown_command_is_a_usage_error(greeting):
    answer = greeting.call("gret")
    assert answer.exit_code == 2
    assert "No such command 'gret'" in answer.output


def test_a_package_that_is_not_installed_is_named(ready):
    module = ModuleType("greet")

    def greet(task):
        import no_such_package.deep  # noqa: F401

    module.greet = greet
    ready.module("greet", module)
    answer = ready.call("greet", "toy")
    assert isinstance(answer.exception, ConfigError)
    assert "`tenfold greet` needs the Python package 'no_such_package', which is not installed" in str(answer.exception)


def test_a_command_without_code_says_which_file_is_missing(greeting):
    greeting.declare({"wave": {"title": "Wave"}})
    answer = greeting.call("wave", "toy")
    assert isinstance(answer.exception, ConfigError)
    assert str(answer.exception) == (
        "config/papers/made-up.yaml: commands.wave: src/tenfold/papers/made_up/wave.py with a function wave is missing"
    )


def test_a_name_that_two_papers_bring_must_be_changed(greeting):
    greeting.project.add_paper(greeting.content | {"slug": OTHER})
    answer = greeting.call("greet", "toy")
    assert isinstance(answer.exception, ConfigError)
    assert "`tenfold greet` is a command of several papers: another-paper, made-up" in str(answer.exception)


def test_help_survives_a_broken_file_and_calling_names_it(greeting):
    path = greeting.project.root / "config" / "papers" / "made-up.yaml"
    path.write_text(path.read_text() + "\n\tbroken: [\n")
    assert greeting.call("--help").exit_code == 0
    answer = greeting.call("greet", "toy")
    assert isinstance(answer.exception, ConfigError)
    assert str(answer.exception).startswith("config/papers/made-up.yaml: commands: cannot be read: ")


def test_a_command_names_a_method_that_exists(greeting):
    greeting.declare({"greet": {"title": "Say hello", "method": "adam"}})
    with pytest.raises(ConfigError, match=r"commands\.greet\.method: unknown name 'adam'; known: ours"):
        greeting.project.configuration.paper("made-up")


def test_the_papers_of_this_project_bring_commands_of_different_names_that_hide_none_of_the_suites():
    configuration = Configuration(REPOSITORY / "config")
    names = [name for slug in configuration.known_papers for name in configuration.paper(slug).commands]
    assert len(names) == len(set(names))
    own = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    assert own >= {"train", "new-paper"}
    assert not own & set(names)
