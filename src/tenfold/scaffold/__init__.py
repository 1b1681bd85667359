"""A new paper: folder, YAML and tests, small enough to read at once, complete enough to pass the conformance suite."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from tenfold import paths
from tenfold.errors import ConfigError

TEMPLATE = Path(__file__).parent / "template"


def create(slug: str, root: Path = paths.ROOT) -> list[Path]:
    """Write the files of a new paper under `root` and return them. Raises ConfigError for a bad or taken slug."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug):
        raise ConfigError(f"{slug!r} is not a slug: lower-case letters and digits, joined by hyphens, such as my-paper")
    module = slug.replace("-", "_")
    targets = {
        "paper.yaml": root / "config" / "papers" / f"{slug}.yaml",
        "test.py": root / "tests" / "papers" / module / "test_model.py",
        **{
            name: root / "src" / "tenfold" / "papers" / module / name
            for name in (
                "__init__.py",
                "settings.py",
                "prepare.py",
                "model.py",
                "train.py",
                "evaluate.py",
                "figures.py",
                "README.md",
            )
        },
    }
    for target in targets.values():
        if target.exists():
            raise ConfigError(f"{target.relative_to(root)} exists already; choose another slug or remove it")
    package = targets["test.py"].with_name("__init__.py")  # test modules of different papers may share a name
    package.parent.mkdir(parents=True, exist_ok=True)
    package.touch()
    for name, target in targets.items():
        text = (TEMPLATE / f"{name}.txt").read_text(encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(text).substitute(slug=slug, module=module), encoding="utf-8")
    return [*targets.values(), package]
