"""Readers of the KPI curves of the AIOps challenge of 2018, cut into segments as LEIAD does."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.data.labelled_series import TEST, TRAIN, LabelledSeries, OneSeries, segments
from tenfold.data.lines import open_file, table, texts
from tenfold.data.pickles import PickledIdentifier, read_pickled
from tenfold.data.readers.series import csv, split_name
from tenfold.errors import DataError

_OFFICIAL_NAME = re.compile(r"([0-9a-f-]{36})_test\.(\d+)\.(\d+)\.csv")


def cut_segments(folder: Path, *, index: str = "index.csv") -> LabelledSeries:
    """KPI segments as the mirror holds them: `<curve>.csv.gz` with the column `segment`, and an index of them all.

    The index says what each segment is (curve, segment, official_name, split, n, n_anomaly), and is compared with
    what the files hold. Segment keys are text: 16.10 is another segment than 16.1. Raises DataError where they differ.
    """
    listed = table(folder / index, ["curve", "segment", "split", "n", "n_anomaly"], ",")
    curves = {
        curve: {one.name: one for one in csv(folder, file=f"{curve}.csv.gz", series="segment")}
        for curve in dict.fromkeys(listed.texts("curve"))
    }
    counts, anomalies = listed.numbers("n"), listed.numbers("n_anomaly")
    found = []
    for row, (curve, segment) in enumerate(zip(listed.values["curve"], listed.texts("segment"), strict=True)):
        one = curves[curve].get(segment)
        if one is None:
            raise DataError(f"{listed.where(row)}: {curve}.csv.gz has no segment {segment}")
        if (len(one), int(one.labels.sum())) != (counts[row], anomalies[row]):
            raise DataError(
                f"{listed.where(row)}: segment {segment} has {len(one)} points, {int(one.labels.sum())} of them "
                f"anomalous; the index says {counts[row]:.0f} and {anomalies[row]:.0f}"
            )
        name = f"{curve}/{segment}"
        found.append(OneSeries(name, one.timestamps, one.values, one.labels, curve, split_name(listed, "split", row)))
    return LabelledSeries.of(found, folder)


def archive(
    folder: Path,
    *,
    file: str = "phase2_ground_truth.hdf.zip",
    train_list: str = "kpi_train.txt",
    test_list: str = "kpi_test.txt",
) -> LabelledSeries:
    """The segments that the authors' lists name, from the archive of the challenge's test curves.

    A name `<curve>_test.<start>.<stop>.csv` is the rows from start to before stop of that curve in order of time; the
    lists' names are what the cut rule (`labelled_series.segments`) gives. Needs the package h5py. Raises DataError when
    the archive or a list is damaged, when a name asks for rows that the curve does not have, or when no segment is one
    that the cut rule gives: then the archive is not the one that the lists were made from.
    """
    curves = _curves(folder / file)
    ruled = {(name, *ends) for name, curve in curves.items() for ends in segments(curve.labels)}
    found, by_rule = [], 0
    for split, name in ((TRAIN, train_list), (TEST, test_list)):
        for line, (curve, start, stop) in enumerate(_listed(folder / name), start=1):
            rows = curves.get(curve)
            if rows is None or not 0 <= start < stop <= len(rows):
                raise DataError(
                    f"{folder / name}: line {line}: {file} has no rows {start} to {stop} of the curve {curve}"
                )
            by_rule += (curve, start, stop) in ruled
            part = slice(start, stop)
            found.append(
                OneSeries(
                    f"{curve}/{start}.{stop}", rows.timestamps[part], rows.values[part], rows.labels[part], curve, split
                )
            )
    if not by_rule:
        raise DataError(f"{folder / file}: none of the {len(found)} listed segments follows from its labels")
    return LabelledSeries.of(found, folder)


def _listed(path: Path) -> list[tuple[str, int, int]]:
    """Curve, start and stop of each line of a list."""
    with open_file(path) as file:
        lines = [text.strip() for text in texts(file, path)]
    matches = [(_OFFICIAL_NAME.fullmatch(line), number) for number, line in enumerate(lines, start=1)]
    for match, number in matches:
        if match is None:
            raise DataError(f"{path}: line {number}: {lines[number - 1]!r} is not <curve>_test.<start>.<stop>.csv")
    return [(match[1], int(match[2]), int(match[3])) for match, _ in matches if match]


def _curves(path: Path) -> dict[str, OneSeries]:
    """The curves by their id, rows in order of time."""
    frame = _frame(path)
    if missing := {"KPI ID", "timestamp", "value", "label"} - set(frame):
        raise DataError(f"{path}: no column {', '.join(sorted(missing))}; it has {', '.join(frame)}")
    names, inverse = np.unique(frame["KPI ID"], return_inverse=True)
    curves = {}
    for index, name in enumerate(names):
        rows = np.flatnonzero(inverse == index)
        rows = rows[np.argsort(frame["timestamp"][rows], kind="stable")]
        curves[str(name)] = OneSeries(
            str(name), frame["timestamp"][rows], frame["value"][rows].astype(np.float64), frame["label"][rows]
        )
    return curves


def _frame(path: Path) -> dict[str, np.ndarray]:
    """The columns of a table as pandas stores it in HDF5 ("fixed"): blocks of equal type, and their columns' names."""
    try:
        import h5py  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise DataError(f"{path}: reading it needs the package h5py: install it with `pip install h5py`") from None
    columns: dict[str, np.ndarray] = {}
    try:
        with zipfile.ZipFile(path) as packed:
            member = next(name for name in packed.namelist() if name.endswith(".hdf") and "__MACOSX" not in name)
            content = BytesIO(packed.read(member))
        with h5py.File(content, "r") as file:
            group = next(iter(file.values()))
            for number in range(int(group.attrs["nblocks"])):
                names = [bytes(name).decode() for name in group[f"block{number}_items"][:]]
                values = group[f"block{number}_values"]
                block = _texts(values[0], path, len(names)) if values.dtype.kind == "O" else values[:]
                columns |= {name: block[:, place] for place, name in enumerate(names)}
    except (OSError, KeyError, StopIteration, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not the challenge's archive ({error!r}); fetch it again") from error
    return columns


def _texts(pickled: Any, path: Path, columns: int) -> np.ndarray:
    """The pickled block of identifiers (rows, columns) as text."""
    values = np.asarray(read_pickled(bytes(pickled), path)).reshape(-1, columns)
    return np.array(
        [[value.text() if isinstance(value, PickledIdentifier) else str(value) for value in row] for row in values]
    )
