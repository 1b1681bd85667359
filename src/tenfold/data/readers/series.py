"""Readers of labelled time series: a CSV of one's own, the cloud series of Microsoft, NAB."""

from __future__ import annotations

import csv as csv_files
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from tenfold.data.labelled_series import TEST, TRAIN, LabelledSeries, OneSeries
from tenfold.data.lines import Columns, open_file, table, texts
from tenfold.errors import ConfigError, DataError

TimeFormat = Literal["unix", "iso"]


def csv(
    folder: Path,
    *,
    file: str,
    series: str | None = None,
    group: str | None = None,
    split: str | None = None,
    time: str = "timestamp",
    time_format: TimeFormat = "unix",
    value: str = "value",
    label: str | None = "label",
) -> LabelledSeries:
    """A table with a header line (.gz is unpacked), a row for each point, the points of a series in order of time.

    `series`, `group`, `split` name columns of text: which series a row belongs to (None: there is one, called as the
    file), what the series belongs to (None: what stands before the last slash of its name), and train or test. An empty
    value is filled. Without `label` no point has a known label: data to be labelled. Raises DataError, naming file
    and line, for anything else than numbers.
    """
    path = folder / file
    texts_of = [column for column in (series, group, split) if column]
    columns = table(path, [*texts_of, time, value, *([label] if label else [])], ",")
    keys = columns.texts(series) if series else [Path(file.removesuffix(".gz")).stem] * len(columns)
    times, values = _times(columns, time, time_format), _values(columns, value)
    labels = _labels(columns, label) if label else np.full(len(columns), -1, dtype=np.int8)
    return LabelledSeries.of(
        [
            OneSeries(
                name, times[rows], values[rows], labels[rows],
                columns.values[group][rows[0]] if group else name.rpartition("/")[0],
                split_name(columns, split, int(rows[0])) if split else "",
            )
            for name, rows in _rows_by_key(keys)
        ],
        path,
    )  # fmt: skip


def generated(folder: Path, *, file: str = "series.csv") -> LabelledSeries:
    """Series in families, as `generators.series` writes them."""
    return csv(folder, file=file, series="series", group="family", split="split")


def _rows_by_key(keys: list[str]) -> list[tuple[str, np.ndarray]]:
    """Each key and its rows, keys in the order in which they first appear."""
    names, first, inverse = np.unique(np.array(keys), return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    return [(str(names[index]), rows[index]) for index in np.argsort(first)]


def split_name(columns: Columns, split: str, row: int) -> str:
    """The text in the column `split` of a row: train or test. Raises DataError for anything else."""
    found = columns.values[split][row]
    if found not in (TRAIN, TEST):
        raise DataError(f"{columns.where(row)}: {split}: {found!r} is neither {TRAIN} nor {TEST}")
    return found


def _times(columns: Columns, name: str, time_format: TimeFormat) -> np.ndarray:
    """Seconds since 1970; times without a zone are taken as UTC."""
    if time_format == "unix":
        return columns.numbers(name).astype(np.int64)
    if time_format != "iso":
        raise ConfigError(f"time_format {time_format!r} is neither unix nor iso")
    seconds = np.empty(len(columns), dtype=np.int64)
    for index, text in enumerate(columns.values[name]):  # once a row, as the file is read
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise DataError(f"{columns.where(index)}: {name}: {text!r} is not an ISO date and time") from None
        seconds[index] = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    return seconds


def _values(columns: Columns, name: str) -> np.ndarray:
    """Numbers, NaN where the field is empty."""
    if "" not in columns.values[name]:
        return columns.numbers(name)
    empty = np.array([text == "" for text in columns.values[name]])
    shown = Columns(columns.path, [name])
    for line, text, missing in zip(columns.lines, columns.values[name], empty, strict=True):
        shown.append(line, ["0" if missing else text])
    return np.where(empty, np.nan, shown.numbers(name))


def _labels(columns: Columns, name: str) -> np.ndarray:
    numbers = columns.numbers(name)
    if (bad := ~np.isin(numbers, (0, 1))).any():
        index = int(np.flatnonzero(bad)[0])
        raise DataError(f"{columns.where(index)}: {name}: {columns.values[name][index]!r} is neither 0 nor 1")
    return numbers.astype(np.int8)


# ------------------------------------------------------------------------- many files, as their publishers have them


def microsoft_cloud(folder: Path, *, files: str = "data") -> LabelledSeries:
    """Microsoft's cloud monitoring series: `data/<folder>/<name>.csv` with the columns TimeStamp, Value, Label."""
    found = []
    for path in _files(folder / files, "*/*.csv"):
        header = _header(path)
        named = {column.strip().lower(): column for column in header}
        if missing := {"timestamp", "value", "label"} - set(named):
            raise DataError(f"{path}: line 1: no column {', '.join(sorted(missing))}; it names {', '.join(header)}")
        one = csv(
            path.parent, file=path.name, time=named["timestamp"], time_format="iso",
            value=named["value"], label=named["label"],
        )[0]  # fmt: skip
        found.append(_renamed(one, f"{path.parent.name}/{path.stem}", path.parent.name))
    return LabelledSeries.of(found, folder / files)


def nab(folder: Path, *, labels: str = "combined_windows.json", files: str = "data") -> LabelledSeries:
    """The Numenta Anomaly Benchmark: `data/<folder>/<name>.csv` with the columns timestamp and value, and the file of
    anomaly windows (or of labelled instants, `combined_labels.json`) by `<folder>/<name>.csv`.
    """
    path = folder / labels
    with open_file(path) as file:
        try:
            marked = json.loads(file.read())
        except ValueError as error:
            raise DataError(f"{path} is not JSON ({error})") from None
    found = []
    for place in _files(folder / files, "*/*.csv"):
        name = f"{place.parent.name}/{place.stem}"
        if f"{name}.csv" not in marked:
            raise DataError(f"{path}: no labels for {name}.csv")
        one = csv(place.parent, file=place.name, time_format="iso", label=None)[0]
        anomalous = np.zeros(len(one), dtype=np.int8)
        for window in marked[f"{name}.csv"]:
            first, last = (window, window) if isinstance(window, str) else window
            anomalous |= (one.timestamps >= _seconds(first, path)) & (one.timestamps <= _seconds(last, path))
        found.append(OneSeries(name, one.timestamps, one.values, anomalous, place.parent.name))
    return LabelledSeries.of(found, folder / files)


def _seconds(text: str, path: Path) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except (TypeError, ValueError):
        raise DataError(f"{path}: {text!r} is not an ISO date and time") from None


def _files(folder: Path, pattern: str) -> Sequence[Path]:
    found = sorted(folder.glob(pattern), key=lambda path: path.relative_to(folder).as_posix())
    if not found:
        raise DataError(f"{folder} holds no file {pattern}; fetch the data again")
    return found


def _header(path: Path) -> list[str]:
    with open_file(path) as file:
        return next(csv_files.reader(texts(file, path)), [])


def _renamed(one: OneSeries, name: str, group: str) -> OneSeries:
    return OneSeries(name, one.timestamps, one.values, one.labels, group, one.split)
