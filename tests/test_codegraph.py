from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tenfold import codegraph, paths

STAGES = ("tenfold.training.run", "tenfold.training.execute", "tenfold.jobs")


def names(module):
    return {path.relative_to(paths.SOURCE).as_posix() for path in codegraph.stage_files(module)}


@pytest.mark.parametrize("module", STAGES)
def test_every_module_that_a_file_imports_is_among_the_files(module):
    """Oracle: what Python itself has loaded after importing the module in a fresh process."""
    code = f"import sys, {module}; print([n for n in sys.modules if n.partition('.')[0] == 'tenfold'])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.replace(".", "/") for name in ast.literal_eval(answer.stdout)}
    files = {f"tenfold/{name}" for name in names(module)}
    assert {f"{name}.py" for name in loaded} | {f"{name}/__init__.py" for name in loaded} >= files
    assert all({f"{name}.py", f"{name}/__init__.py"} & files for name in loaded)


def test_a_module_is_among_its_own_files():
    assert "training/loop.py" in names("tenfold.training.loop")


def test_imports_for_type_checking_only_do_not_count():
    assert not any(name.startswith("config") for name in names("tenfold.training.finished"))


def test_an_unknown_module_is_an_error():
    with pytest.raises(KeyError, match=r"no module tenfold\.moon"):
        codegraph.stage_files("tenfold.moon")


def test_the_digest_follows_the_contents(tmp_path):
    from tenfold.provenance import digest_of_files

    file = tmp_path / "a.py"
    file.write_text("x = 1")
    first = digest_of_files([file], tmp_path)
    file.write_text("x = 2")
    assert digest_of_files([file], tmp_path) != first
    file.write_text("x = 1")
    assert digest_of_files([file], tmp_path) == first
