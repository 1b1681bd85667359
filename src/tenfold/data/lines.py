"""Reading text files line by line without tolerance: a malformed line is a DataError that names file and line."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from tenfold.errors import DataError

LONGEST_NUMBER = 18
"""Digits that always fit into 64 bits."""
SEPARATORS = {" ": "blank", "\t": "tab"}
"""What may stand between whole numbers, and its name in messages."""


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file; a name that ends in .gz is unpacked on the way."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; fetch the data again") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); fetch the data again with --verify") from error


def integers_by_line(path: Path, between: str = " ") -> tuple[np.ndarray, np.ndarray]:
    """All integers of a file whose lines hold whole numbers with one blank (or what `between` says, such as a tab)
    between them: numbers (N,), and how many of them each line has (lines,). Both int64.
    """
    with open_file(path) as file:
        content = file.read()
    characters = np.frombuffer(content, dtype=np.uint8)
    if not content:
        raise DataError(f"{path} is empty")
    if not content.endswith(b"\n"):
        content += b"\n"
        characters = np.frombuffer(content, dtype=np.uint8)
    newline = characters == ord("\n")
    separator = newline | (characters == ord(between))
    digit = (characters >= ord("0")) & (characters <= ord("9"))
    ends = np.flatnonzero(separator)
    width = np.diff(ends, prepend=-1) - 1
    _refuse(
        path,
        content,
        np.flatnonzero(~(separator | digit)),
        f"something else than whole numbers and {SEPARATORS[between]}s",
    )
    _refuse(path, content, ends[width == 0], f"an empty line, or two {SEPARATORS[between]}s where one is expected")
    _refuse(path, content, ends[width > LONGEST_NUMBER], f"a number of more than {LONGEST_NUMBER} digits")
    counts = np.diff(np.searchsorted(ends, np.flatnonzero(newline), side="right"), prepend=0)
    return np.array(content.split(), dtype=np.int64), counts


def _refuse(path: Path, content: bytes, positions: np.ndarray, what: str) -> None:
    if positions.size:
        line = content.count(b"\n", 0, int(positions[0])) + 1
        raise DataError(f"{path}: line {line}: {what}")


class Columns:
    """Some columns of a file, (E,) each as a list, and the line that each entry stood on."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.lines = array("q")
        self.values: dict[str, list[Any]] = {name: [] for name in names}

    def __len__(self) -> int:
        return len(self.lines)

    def append(self, line: int, values: Sequence[Any]) -> None:
        """Add one entry to every column."""
        self.lines.append(line)
        for column, value in zip(self.values.values(), values, strict=True):
            column.append(value)

    def where(self, index: int) -> str:
        """`file: line n` of an entry."""
        return f"{self.path}: line {self.lines[index]}"

    def numbers(self, name: str) -> np.ndarray:
        """A column as float64 (E,); every entry must be a finite number."""
        try:
            numbers = np.array(self.values[name], dtype=np.float64)
        except ValueError:
            numbers = np.array([_number(value) for value in self.values[name]])
        if (bad := ~np.isfinite(numbers)).any():
            index = int(np.flatnonzero(bad)[0])
            raise DataError(f"{self.where(index)}: {name}: {self.values[name][index]!r} is not a finite number")
        return numbers

    def texts(self, name: str) -> list[str]:
        """A column as text; no entry may be empty."""
        if "" in self.values[name]:
            raise DataError(f"{self.where(self.values[name].index(''))}: {name} is empty")
        return self.values[name]


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")


def table(path: Path, names: Sequence[str], separator: str) -> Columns:
    """The named columns, as text, of a table with a header line; fields may be quoted."""
    columns = Columns(path, names)
    if len(separator) != 1:
        raise DataError(f"{path}: the separator {separator!r} must be a single character")
    with open_file(path) as file:
        # A loop over lines: csv tells the line of each record, and guesses nothing about the values.
        rows = csv.reader(texts(file, path), delimiter=separator, strict=True)
        try:
            header = next(rows, [])
            if missing := [name for name in names if name not in header]:
                raise DataError(f"{path}: line 1: no column {', '.join(missing)}; it names {', '.join(header)}")
            if twice := [name for name in names if header.count(name) > 1]:
                raise DataError(f"{path}: line 1: more than one column {', '.join(twice)}")
            places = [header.index(name) for name in names]
            blank = None
            for row in rows:
                if not row:  # fine at the end of a file, and only there
                    blank = blank or rows.line_num
                    continue
                if blank:
                    raise DataError(f"{path}: line {blank}: 0 fields instead of {len(header)}")
                if len(row) != len(header):
                    raise DataError(f"{path}: line {rows.line_num}: {len(row)} fields instead of {len(header)}")
                columns.append(rows.line_num, [row[place] for place in places])
        except csv.Error as error:
            raise DataError(f"{path}: line {rows.line_num}: {error}") from error
    return columns


def json_lines(path: Path, keys: Mapping[str, type | tuple[type, ...]]) -> Iterator[tuple[int, list[Any]]]:
    """Line number and the values under `keys`, of the given types, for each line of a file of JSON objects."""
    with open_file(path) as file:
        for line, text in enumerate(texts(file, path), start=1):
            try:
                record = json.loads(text)
                values = [record[key] for key in keys]
            except KeyError as error:
                raise DataError(f"{path}: line {line}: no key {error}") from None
            except (ValueError, TypeError):
                raise DataError(f"{path}: line {line}: not a JSON object") from None
            for (key, kind), value in zip(keys.items(), values, strict=True):
                if not isinstance(value, kind) or isinstance(value, bool):
                    raise DataError(f"{path}: line {line}: {key}: unexpected value {value!r}")
            yield line, values


def texts(file: IO[bytes], path: Path) -> Iterator[str]:
    """Lines as text; a byte order mark at the start, as some spreadsheets write it, is dropped."""
    for line, content in enumerate(file, start=1):
        try:
            yield content.decode("utf-8-sig" if line == 1 else "utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{path}: line {line}: not UTF-8 text") from None
