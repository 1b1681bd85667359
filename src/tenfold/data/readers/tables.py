"""Reader of labelled tables: a CSV, a label column, and what to make of each other column.

label: income
positive: [">50K"]
columns:
  age: number
  capital-gain: log1p
  job: codes
  sex: {male: [Male]}
  marital-status: {married: [Married-civ-spouse, Married-AF-spouse], never: [Never-married], other: rest}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from tenfold.data.lines import Columns, open_file, table
from tenfold.errors import ConfigError, DataError

Groups: TypeAlias = Mapping[str, "Sequence[str] | Literal['rest']"]
Column: TypeAlias = "Literal['number', 'log1p', 'codes'] | Groups"
REST = "rest"


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """`features` (N, n) float64, `labels` (N,) int64 with 1 for the positive class, `names` of the n features."""

    features: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]


def csv(
    folder: Path,
    *,
    files: Sequence[str],
    label: str,
    positive: Sequence[str],
    columns: Mapping[str, Column],
    separator: str = ",",
    missing: str | None = None,
) -> LabelledTable:
    """Tables with a header line, one after the other (.gz is unpacked); columns that are not named are ignored.

    A column is `number`; `log1p`, the logarithm of 1 + a number; `codes`, the place of its text among all of them in
    alphabetical order; or groups of values, each of which becomes a feature of zeros and ones, where the group `rest`
    takes what no other has. Rows with the text `missing` in a column that is used are dropped. Raises ConfigError for
    settings that make no sense and DataError, naming file and line, for values that do not fit them.
    """
    if not columns:
        raise ConfigError(f"reader tables.csv in {folder}: no column is named")
    parts = [table(folder / file, [*columns, label], separator) for file in files]
    kept = [_kept(part, [*columns, label], missing) for part in parts]
    features, names = [], []
    for column, kind in columns.items():
        for name, values in _features(parts, kept, column, kind):
            names.append(name)
            features.append(values)
    labels = np.concatenate(
        [np.isin(np.array(part.texts(label)), list(positive))[rows] for part, rows in zip(parts, kept, strict=True)]
    ).astype(np.int64)
    if len(labels) == 0 or labels.min() == labels.max():
        where = f"{folder}: {', '.join(files)}: column {label}"
        raise DataError(f"{where}: every row is in the same class; positive is {', '.join(positive)}")
    return LabelledTable(np.stack(features, axis=1), labels, tuple(names))


def generated(folder: Path, *, file: str = "table.csv") -> LabelledTable:
    """A table of numbers with the label `y`, yes or no, as `generators.tables` writes it."""
    with open_file(folder / file) as lines:
        header = lines.readline().decode("utf-8").strip().split(",")
    columns: dict[str, Column] = {name: "number" for name in header if name != "y"}
    return csv(folder, files=[file], label="y", positive=["yes"], columns=columns)


def _kept(part: Columns, used: Sequence[str], missing: str | None) -> np.ndarray:
    """Rows (E,) without a missing value."""
    kept = np.ones(len(part), dtype=bool)
    if missing is not None:
        for name in used:
            kept &= np.array(part.values[name]) != missing
    return kept


def _features(
    parts: Sequence[Columns], kept: Sequence[np.ndarray], column: str, kind: Column
) -> list[tuple[str, np.ndarray]]:
    if isinstance(kind, Mapping):
        texts = _texts(parts, kept, column)
        return [(f"{column}={group}", values) for group, values in _groups(parts, kept, column, texts, kind).items()]
    if kind == "codes":
        return [(column, np.unique(_texts(parts, kept, column), return_inverse=True)[1].astype(np.float64))]
    if kind not in ("number", "log1p"):
        raise ConfigError(f"column {column}: {kind!r} is not number, log1p, codes or groups of values")
    numbers = []
    for part, rows in zip(parts, kept, strict=True):
        lines = [line for line, keep in zip(part.lines, rows, strict=True) if keep]
        chosen = Columns(part.path, [column])
        for line, text in zip(lines, np.array(part.values[column], dtype=object)[rows], strict=True):
            chosen.append(line, [text])
        found = chosen.numbers(column)
        if kind == "log1p" and (low := found <= -1).any():
            index = int(np.flatnonzero(low)[0])
            raise DataError(f"{chosen.where(index)}: {column}: {found[index]:g} has no logarithm of 1 + value")
        numbers.append(np.log1p(found) if kind == "log1p" else found)
    return [(column, np.concatenate(numbers))]


def _texts(parts: Sequence[Columns], kept: Sequence[np.ndarray], column: str) -> np.ndarray:
    return np.concatenate([np.array(part.texts(column))[rows] for part, rows in zip(parts, kept, strict=True)])


def _groups(
    parts: Sequence[Columns], kept: Sequence[np.ndarray], column: str, texts: np.ndarray, groups: Groups
) -> dict[str, np.ndarray]:
    """One array of zeros and ones for each group. A single group says nothing of the other values; several say all."""
    listed = [value for values in groups.values() if values != REST for value in values]
    if twice := sorted({value for value in listed if listed.count(value) > 1}):
        raise ConfigError(f"column {column}: {twice[0]!r} is in more than one group")
    known = np.isin(texts, listed)
    rest = [name for name, values in groups.items() if values == REST]
    if len(rest) > 1:
        raise ConfigError(f"column {column}: only one group can be the rest, not {', '.join(rest)}")
    if len(groups) > 1 and not rest and not known.all():
        lines = [part.where(int(i)) for part, rows in zip(parts, kept, strict=True) for i in np.flatnonzero(rows)]
        first = int(np.flatnonzero(~known)[0])
        raise DataError(f"{lines[first]}: {column}: {str(texts[first])!r} is in no group, and none is the rest")
    return {
        name: (~known if values == REST else np.isin(texts, list(values))).astype(np.float64)
        for name, values in groups.items()
    }
