"""The static site under results/<scale>/report: a front page, and a page for every paper.

The folder is complete in itself (it opens from disk, and can be zipped and sent), and the same result files give the
same bytes. Whatever is not there yet is said to be missing; only the configuration has to be valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from markupsafe import Markup

from tenfold import paths
from tenfold.config import Configuration, PaperConfig
from tenfold.errors import ResultError
from tenfold.files import atomic_file, read_json
from tenfold.jobs import Plan
from tenfold.report import curves, exhibits, sources, verdicts, work
from tenfold.report.captions import published
from tenfold.report.intervals import interval_svg
from tenfold.report.text import FILTERS
from tenfold.results import Results

if TYPE_CHECKING:
    from jinja2 import Environment

Argument = TypeVar("Argument")
Value = TypeVar("Value")

STATIC = Path(__file__).parent / "static"

OVERVIEW = Path("verdicts.html")
"""All verdicts in one file, with nothing to load or to follow: for `snakemake --report`, or to send."""

SHEETS = Path("sheets")
"""Folder of such a file for every paper, with its verdicts and tables."""


@dataclass(frozen=True)
class PaperPage:
    """Everything the page of one paper shows."""

    paper: PaperConfig
    claims: list[verdicts.ClaimView]
    jobs: list[work.JobView]
    cost: work.Cost
    provenance: work.Provenance
    datasets: list[sources.DatasetView]
    tables: list[exhibits.TableView]
    figures: list[exhibits.FigureView]
    measured: exhibits.MeasuredView | None
    reported_only: Markup | None
    curves: list[curves.CurvesView]
    swatches: dict[str, Markup]
    """Method -> the line that stands for it in the learning curves' legend."""
    files: list[Path]
    """Result files to copy beside the page: metrics.csv, claims.json."""
    problems: list[str]
    """Result files that could not be read."""

    @property
    def slug(self) -> str:
        return self.paper.slug

    @property
    def failures(self) -> list[work.JobView]:
        return [job for job in self.jobs if job.state == "failed"]

    @property
    def unfinished(self) -> int:
        return sum(job.state in ("started", "waiting") for job in self.jobs)

    @property
    def kinds(self) -> list[str]:
        """Kinds of the data sets in use, the paper's own first."""
        used = {dataset.kind for dataset in self.datasets if dataset.used}
        return [kind for kind in sources.KINDS if kind in used]

    @property
    def code(self) -> str:
        """Folder of the paper's code, as seen from the project's folder."""
        return "/".join(["src", *self.paper.module.split(".")])


def build(configuration: Configuration, scale: str) -> Path:
    """Write the site of one scale and return its front page. What an earlier build left over is removed."""
    if scale != configuration.suite.scale:
        configuration = Configuration(configuration.root, scale=scale)
    pages = [gather(Plan(configuration, slug)) for slug in configuration.selected_papers]
    folder = paths.report(scale)
    shared = {
        "scale": scale,
        "pages": pages,
        "verdicts": verdicts.VERDICTS,
        "kinds": sources.KINDS,
        "tally": verdicts.tally,
        "total_cost": work.cost([job for page in pages for job in page.jobs]),
        "interval_svg": interval_svg,
        "command": f"snakemake --cores all --config scale={scale}",
    }
    environment = _environment()
    files: dict[Path, bytes] = {Path("static") / path.name: path.read_bytes() for path in sorted(STATIC.iterdir())}
    for page in pages:
        files |= _page_files(page)
        command = f"snakemake --cores all {page.slug} --config scale={scale}"
        html = environment.get_template("paper.html").render(**shared | {"command": command}, page=page, root="../")
        files[Path("papers") / f"{page.slug}.html"] = html.encode()
    style = Markup((STATIC / "site.css").read_text(encoding="utf-8"))
    files[OVERVIEW] = environment.get_template("verdicts.html").render(**shared, style=style).encode()
    for page in pages:
        html = environment.get_template("sheet.html").render(**shared, page=page, style=style)
        files[SHEETS / f"{page.slug}.html"] = html.encode()
    index = Path("index.html")
    files[index] = environment.get_template("index.html").render(**shared, root="").encode()  # last: it is the target
    _write(folder, files)
    return folder / index


def gather(plan: Plan) -> PaperPage:
    """Read everything that one paper's page shows."""
    folder = paths.paper_results(plan.scale_name, plan.slug)
    results = Results(plan.paper, plan.scale_name, folder, jobs=())
    jobs = work.job_views(plan)
    problems: list[str] = []
    records = _read_or_note(problems, _claims, folder / "claims.json")
    measured = _read_or_note(problems, exhibits.measured_view, results)
    panels = curves.curve_views(results, jobs)
    drawn = dict.fromkeys(method for panel in panels for method in panel.methods)
    return PaperPage(
        paper=plan.paper,
        claims=verdicts.claim_views(plan.paper, records),
        jobs=jobs,
        cost=work.cost(jobs),
        provenance=work.provenance(jobs),
        datasets=sources.dataset_views(plan),
        tables=exhibits.table_views(plan.paper, folder),
        figures=exhibits.figure_views(results),
        measured=measured,
        reported_only=exhibits.reported_only_table(results),
        curves=panels,
        swatches={method: _swatch(results, method) for method in plan.paper.methods if method in drawn},
        files=[path for path in (folder / "metrics.csv", folder / "claims.json") if path.is_file()],
        problems=problems,
    )


def _read_or_note(problems: list[str], read: Callable[[Argument], Value], argument: Argument) -> Value | None:
    """What `read` returns; None, and a note among the problems, when the file it needs is damaged."""
    try:
        return read(argument)
    except ResultError as error:
        problems.append(str(error).replace(f"{paths.ROOT}/", ""))
        return None


def _claims(path: Path) -> list[dict[str, Any]] | None:
    """Records of claims.json; None while it does not exist. Raises ResultError when it is damaged."""
    if not path.is_file():
        return None
    content = read_json(path)
    records = content.get("claims") if isinstance(content, dict) else content
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ResultError(f"{path} is not a list of claims; delete it and build it again")
    return records


def _swatch(results: Results, method: str) -> Markup:
    look = results.styles[method]
    dashes = "" if isinstance(look.dash, str) else " ".join(str(1.6 * part) for part in look.dash[1])
    return Markup(
        '<svg class="swatch" viewBox="0 0 30 8" width="30" height="8" aria-hidden="true">'
        '<line x1="1" x2="29" y1="4" y2="4" stroke="{}" stroke-width="2.2" stroke-dasharray="{}"/></svg>'
    ).format(look.colour, dashes or "none")


def _page_files(page: PaperPage) -> dict[Path, bytes]:
    """The files that a paper's page links: figures, tables, curves, metrics and claims."""
    folder = Path("papers") / page.slug
    linked = {folder / path.name: path for path in page.files}
    for figure in page.figures:
        gif = figure.film.gif if figure.film else None
        linked |= {folder / "figures" / path.name: path for path in (figure.png, figure.pdf, gif) if path}
    for table in page.tables:
        linked |= {folder / "tables" / path.name: path for path in table.files}
    files = {target: path.read_bytes() for target, path in linked.items()}
    return files | {folder / "curves" / f"{panel.dataset}.svg": panel.svg for panel in page.curves}


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tenfold.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= FILTERS | {"published": published}
    return environment


def _write(folder: Path, files: dict[Path, bytes]) -> None:
    """Write the site's files, and remove what else is in its folder. Files that have not changed are left alone."""
    for name, content in files.items():
        target = folder / name
        if target.is_file() and target.read_bytes() == content:
            continue
        with atomic_file(target) as file:
            file.write(content)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.is_file() and path.relative_to(folder) not in files:
            path.unlink()
