"""What a paper's figures stage gets: its measurements, its finished runs, and where figures and tables go."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tenfold.config import DataKind, PaperConfig
from tenfold.errors import ResultError
from tenfold.evaluation import COLUMNS, read_metrics
from tenfold.files import atomic_file, write_text
from tenfold.tables import table_html
from tenfold.training.finished import FinishedRun

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from tenfold.plotting import MethodStyle
    from tenfold.training.job import Job

TableFormat = Literal["csv", "html"]

Values = dict[tuple[str, str], dict[int, float]]
"""(data set, method) -> seed -> value"""

KIND_LABELS: Mapping[DataKind, str] = {
    "paper": "",
    "real": "real, stand-in",
    "synthetic": "synthetic, stand-in",
}
"""What is written beside the title of a data set that is not the paper's own."""

DATASETS_KEY = "tenfold data sets"
"""Name of the PNG text entry that lists the data sets a figure shows, separated by spaces."""


class Results:
    """The results of one paper at one scale: reads metrics and runs, writes figures and tables.

    A paper's figures stage is a function of it:

        def figures(results: Results) -> None:
            results.save_table("main", comparison_table(results, ["ndcg@10"], datasets=["beauty"]))
    """

    def __init__(self, paper: PaperConfig, scale: str, directory: Path, jobs: Sequence[Job]) -> None:
        """`directory` is results/<scale>/<paper>; `jobs` are those that the scale asks for, from `Plan.jobs()`."""
        self.paper = paper
        self.scale = scale
        self.directory = directory
        self.jobs = tuple(jobs)
        self.figures: set[str] = set()
        """Names of the figures saved so far."""
        self.tables: set[str] = set()
        """Names of the tables saved so far."""

    # ------------------------------------------------------------------------------------------- numbers

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The paper's metrics.csv: paper, dataset, data_kind, method, seed, split, metric, value.

        Raises ResultError when the file is missing or damaged.
        """
        import pandas as pd

        rows = read_metrics(self.directory / "metrics.csv")
        return pd.DataFrame([tuple(getattr(row, name) for name in COLUMNS) for row in rows], columns=list(COLUMNS))

    def values(self, metric: str, split: str = "test") -> Values:
        """One metric on one split, as numbers to be paired by seed."""
        table = self.metrics
        table = table[(table["metric"] == metric) & (table["split"] == split)]
        found: Values = {}
        for dataset, method, seed, value in table[["dataset", "method", "seed", "value"]].itertuples(index=False):
            found.setdefault((dataset, method), {})[int(seed)] = float(value)
        return found

    @cached_property
    def reported(self) -> pd.DataFrame:
        """Numbers the paper, its code or others report: dataset, method, metric, value, split, origin, label."""
        import pandas as pd

        columns = ["dataset", "method", "metric", "value", "split", "origin", "label"]
        return pd.DataFrame([row.model_dump() for row in self.paper.reported], columns=columns)

    def runs(self) -> Iterator[FinishedRun]:
        """Every finished run that this scale asks for, in the order of the paper's YAML; old folders are skipped."""
        for job in self.jobs:
            if (job.directory / "run.json").is_file():
                yield FinishedRun(job.directory, job.prepared)

    def run(self, dataset: str, method: str, seed: int | None = None) -> FinishedRun:
        """The finished run of a method on a data set; of several blocks of seeds the first, or the one with `seed`.

        Raises ResultError when there is none.
        """
        for run in self.runs():
            if (run.dataset, run.method) == (dataset, method) and (seed is None or seed in run.seeds):
                return run
        which = f"{dataset} {method}" + ("" if seed is None else f" seed {seed}")
        raise ResultError(f"{self.directory}: no finished run of {which}; run `tenfold train` for it first")

    def runs_of(self, dataset: str, method: str) -> list[FinishedRun]:
        """The finished runs of a method on a data set, one for each block of seeds."""
        return [run for run in self.runs() if (run.dataset, run.method) == (dataset, method)]

    # --------------------------------------------------------------------------------------------- names

    def kind(self, dataset: str) -> DataKind:
        """`paper`, `real` or `synthetic`."""
        return self.paper.datasets[dataset].kind

    def dataset_title(self, slug: str) -> str:
        return self.paper.datasets[slug].title

    def method_title(self, slug: str) -> str:
        return self.paper.methods[slug].title

    def label(self, dataset: str) -> str:
        """Title of a data set as figures and tables show it: stand-ins say so."""
        note = KIND_LABELS[self.kind(dataset)]
        return f"{self.dataset_title(dataset)} ({note})" if note else self.dataset_title(dataset)

    @cached_property
    def method_titles(self) -> dict[str, str]:
        """Slug -> title of every method."""
        return {slug: method.title for slug, method in self.paper.methods.items()}

    @cached_property
    def styles(self) -> dict[str, MethodStyle]:
        """Slug -> colour, dash and marker of every method, the same in all figures of the paper."""
        from tenfold.plotting import method_styles

        return method_styles(self.paper)

    def known(
        self, what: Literal["metrics", "methods", "datasets"], asked: Sequence[str] | None, found: Iterable[str]
    ) -> list[str]:
        """`asked`, checked against the paper's YAML; when None, those of the YAML that were `found`, in its order."""
        declared = getattr(self.paper, what)
        if asked is None:
            present = set(found)
            return [name for name in declared if name in present]
        if unknown := [name for name in asked if name not in declared]:
            where = f"config/papers/{self.paper.slug}.yaml: {what}"
            raise ResultError(f"{where}: unknown name {unknown[0]!r}; known: {', '.join(declared)}")
        return list(asked)

    # ------------------------------------------------------------------------------------------- writing

    def save_figure(self, name: str, figure: Figure, datasets: Sequence[str] | None = None) -> None:
        """Write figures/<name>.pdf and .png: the same figure gives the same bytes.

        `datasets` are those the figure shows (left out: all with metrics); they are noted in the PNG, and the report
        labels stand-ins from them. Raises ResultError when `name` is not declared under `figures:` in the paper's YAML.
        """
        from tenfold.plotting import style

        self._declared("figures", name)
        shown = self._shown(datasets)
        described = {"Title": self.paper.figures[name].title}
        with style():
            for ending, metadata in (
                ("pdf", {**described, "Creator": None, "Producer": None, "CreationDate": None}),
                ("png", {**described, "Software": None, DATASETS_KEY: " ".join(shown)}),
            ):
                buffer = io.BytesIO()
                figure.savefig(buffer, format=ending, metadata=metadata)
                with atomic_file(self.directory / "figures" / f"{name}.{ending}") as file:
                    file.write(buffer.getvalue())
        self.figures.add(name)

    def save_film(self, name: str, frames: np.ndarray, frames_per_second: float = 8) -> None:
        """Write figures/<name>.gif, the moving form of the figure `name`: frames (T, H, W, 3) uint8.

        The figure itself stands for it on paper. Raises ResultError when it has not been saved.
        """
        from tenfold.plotting.films import gif

        if name not in self.figures:
            raise ResultError(f"{self.paper.slug}: figure {name!r} must be saved before its film, which it stands for")
        with atomic_file(self.directory / "figures" / f"{name}.gif") as file:
            file.write(gif(frames, frames_per_second))

    def save_table(self, name: str, frame: pd.DataFrame, formats: Sequence[TableFormat] = ("csv", "html")) -> None:
        """Write tables/<name>.csv and .html. Column levels are joined by a space in the CSV.

        Raises ResultError when `name` is not declared under `tables:` in the paper's YAML.
        """
        import pandas as pd

        self._declared("tables", name)
        if "csv" in formats:
            flat = frame.copy()
            if flat.columns.nlevels > 1:
                flat.columns = pd.Index([" ".join(part for part in map(str, key) if part) for key in flat.columns])
            text = flat.to_csv(index=not isinstance(flat.index, pd.RangeIndex), lineterminator="\n")
            write_text(self.directory / "tables" / f"{name}.csv", text)
        if "html" in formats:
            write_text(self.directory / "tables" / f"{name}.html", table_html(frame, self.paper.tables[name].title))
        self.tables.add(name)

    def _declared(self, what: Literal["figures", "tables"], name: str) -> None:
        declared = getattr(self.paper, what)
        if name not in declared:
            raise ResultError(
                f"config/papers/{self.paper.slug}.yaml: {what}: {name!r} is not declared there, so it cannot be saved; "
                f"add it with a title and a caption (declared: {', '.join(declared) or 'none'})"
            )

    def _shown(self, datasets: Sequence[str] | None) -> list[str]:
        if datasets is not None:
            return self.known("datasets", datasets, ())
        if not (self.directory / "metrics.csv").is_file():
            return []
        return self.known("datasets", None, self.metrics["dataset"])
