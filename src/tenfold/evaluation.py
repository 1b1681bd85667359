"""What a paper's evaluate stage returns, and how it is written: tidy metrics and per-sample outcomes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.errors import ResultError
from tenfold.files import write_arrays, write_text

if TYPE_CHECKING:
    import numpy as np

COLUMNS = ("paper", "dataset", "data_kind", "method", "seed", "split", "metric", "value")


@dataclass(frozen=True)
class Measurement:
    """One number: a metric on one split for one seed.

    `samples` holds the outcomes that `value` is the mean of, one per test sample in a fixed order (the same for every
    method and seed), where a claim compares sample by sample.
    """

    seed: int
    metric: str
    value: float
    split: str = "test"
    samples: np.ndarray | None = None


@dataclass(frozen=True)
class MetricRow:
    """One line of metrics.csv."""

    paper: str
    dataset: str
    data_kind: str
    method: str
    seed: int
    split: str
    metric: str
    value: float


def write_metrics(path: Path, rows: Iterable[MetricRow]) -> None:
    """Write tidy metrics, sorted, so that equal results are equal bytes. Not-a-number is written `nan`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=lambda r: (r.paper, r.dataset, r.method, r.split, r.metric, r.seed)):
        writer.writerow([*(getattr(row, column) for column in COLUMNS[:-1]), _number(row.value)])
    write_text(path, buffer.getvalue())


def _number(value: float) -> str:
    return "nan" if math.isnan(value) else repr(float(value))


def read_metrics(path: Path) -> Iterator[MetricRow]:
    """Rows of a metrics.csv. Raises ResultError when the file is missing or its columns are not those above."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ResultError(f"{path}: columns are {reader.fieldnames}, expected {', '.join(COLUMNS)}")
            for row in reader:
                yield MetricRow(
                    paper=row["paper"],
                    dataset=row["dataset"],
                    data_kind=row["data_kind"],
                    method=row["method"],
                    seed=int(row["seed"]),
                    split=row["split"],
                    metric=row["metric"],
                    value=float(row["value"]),
                )
    except FileNotFoundError:
        raise ResultError(f"{path} does not exist; run `tenfold evaluate` first") from None
    except (KeyError, ValueError, TypeError) as error:
        raise ResultError(f"{path}: a damaged line ({error}); delete the file and build it again") from error


def sample_key(seed: int, split: str, metric: str) -> str:
    """Name of a per-sample array in samples.npz."""
    return f"{seed}|{split}|{metric}"


def write_samples(path: Path, measurements: Iterable[Measurement]) -> None:
    """Write the per-sample outcomes of all measurements that have them."""
    arrays: Mapping[str, np.ndarray] = {
        sample_key(m.seed, m.split, m.metric): m.samples for m in measurements if m.samples is not None
    }
    write_arrays(path, arrays)
