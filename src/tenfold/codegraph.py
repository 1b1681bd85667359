"""Which source files a stage of a paper depends on: the import graph of the package.

Snakemake sees edits only in files that are inputs of a rule. So every rule lists the files that its stage imports,
directly or not. The command line and the configuration models are not among them: what they hand to a stage is covered
by the digest of the job's settings.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold import paths
from tenfold.provenance import digest_of_files

if TYPE_CHECKING:
    import grimp


@cache
def _graph() -> grimp.ImportGraph:
    import grimp

    return grimp.build_graph("tenfold", exclude_type_checking_imports=True, cache_dir=None)


@cache
def stage_files(module: str) -> list[Path]:
    """Source files that `module` (such as `tenfold.papers.dmf_spe.train`) imports, sorted.

    The module itself is included, and the `__init__` of every package on the way, which Python runs as well.
    Raises KeyError when the package has no such module.
    """
    graph = _graph()
    if module not in graph.modules:
        raise KeyError(f"there is no module {module}")
    names = {module} | graph.find_upstream_modules(module)
    packages = {name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)}
    return sorted(_file(name) for name in names | packages)


def template_files(package: str) -> list[Path]:
    """Files other than Python modules in a package's folder, such as the report's templates."""
    folder = paths.SOURCE.joinpath(*package.split(".")[1:])
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"})


def code_digest(module: str) -> str:
    """Digest of the contents of a stage's source files."""
    return digest_of_files(stage_files(module), paths.SOURCE.parent)


def _file(module: str) -> Path:
    base = paths.SOURCE.parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
