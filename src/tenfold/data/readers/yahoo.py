"""Reader of Yahoo S5 as Webscope hands it out: one archive, or its folder, of 367 CSV files."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from tenfold.data.labelled_series import TEST, TRAIN, LabelledSeries, OneSeries
from tenfold.data.lines import open_file, texts
from tenfold.errors import DataError

BENCHMARKS = {"A1Benchmark": 67, "A2Benchmark": 100, "A3Benchmark": 100, "A4Benchmark": 100}
"""Folder -> number of series, in the order in which they are numbered."""
COLUMNS = {"timestamp": "time", "timestamps": "time", "value": "value", "is_anomaly": "label", "anomaly": "label"}
"""A1 and A2 spell the columns otherwise than A3 and A4."""


def s5(
    folder: Path,
    *,
    file: str = "ydata-labeled-time-series-anomalies-v1_0.tgz",
    train_list: str | None = "yahoo_train.txt",
    test_list: str | None = "yahoo_test.txt",
) -> LabelledSeries:
    """All 367 series as yahoo_1 .. yahoo_367: the folders A1 to A4 one after the other, files by name as text.

    The order is the one that the authors' lists are believed to count in (67, 100, 100, 100); `A3Benchmark_all.csv` and
    its like, which repeat the series, are passed over. Without lists no series belongs to a split. Raises DataError
    when a folder does not hold its number of series, a file is damaged, or a list names a series that does not exist.
    """
    path = folder / file
    by_folder: dict[str, dict[str, bytes]] = {name: {} for name in BENCHMARKS}
    for place, content in _files(path):
        if place.parent.name in BENCHMARKS and place.suffix == ".csv" and not place.stem.endswith("_all"):
            by_folder[place.parent.name][place.name] = content
    for name, count in BENCHMARKS.items():
        if len(by_folder[name]) != count:
            raise DataError(f"{path}: {name} holds {len(by_folder[name])} series instead of {count}")
    contents = [
        (name, file_name, content) for name, files in by_folder.items() for file_name, content in sorted(files.items())
    ]
    names = [f"yahoo_{number}" for number in range(1, len(contents) + 1)]
    splits = dict.fromkeys(names, "")
    for split, listed in ((TRAIN, train_list), (TEST, test_list)):
        splits |= dict.fromkeys(_listed(folder / listed, names) if listed else [], split)
    return LabelledSeries.of(
        [
            OneSeries(name, *_columns(content, f"{path}: {benchmark}/{file_name}"), benchmark, splits[name])
            for name, (benchmark, file_name, content) in zip(names, contents, strict=True)
        ],
        path,
    )


def _files(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path and content of the files in an archive (read as a stream, never unpacked) or a folder."""
    try:
        if path.is_dir():
            for place in sorted(path.rglob("*.csv")):
                yield PurePosixPath(place.relative_to(path).as_posix()), place.read_bytes()
            return
        with tarfile.open(path, "r:*") as packed:
            for member in packed:
                if member.isreg() and (stream := packed.extractfile(member)):
                    yield PurePosixPath(member.name), stream.read()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; adopt the data again") from None
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be read ({error}); adopt the data again") from error


def _columns(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, values and labels of one file."""
    try:
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True)
        places = {COLUMNS[name.strip()]: place for place, name in enumerate(header) if name.strip() in COLUMNS}
        numbers = np.array([[row[places[key]] for key in ("time", "value", "label")] for row in rows], dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise ValueError("a value is not a finite number")
        return numbers[:, 0].astype(np.int64), numbers[:, 1], numbers[:, 2].astype(np.int8)
    except (ValueError, IndexError, KeyError, csv.Error) as error:
        raise DataError(f"{where} is not a table of timestamp, value and label ({error!r})") from error


def _listed(path: Path, names: list[str]) -> list[str]:
    """The series that a list names, one a line."""
    with open_file(path) as file:
        listed = [text.strip().removesuffix(".csv") for text in texts(file, path)]
    if unknown := [name for name in listed if name not in names]:
        raise DataError(f"{path}: there is no series {unknown[0]}")
    return listed
