"""Reading the plain values of .xlsx workbooks."""

from __future__ import annotations

import zipfile
from typing import IO, Any

from tenfold.errors import DataError

Value = str | float | None


def sheets(file: IO[bytes], name: object) -> dict[str, list[list[Value]]]:
    """Sheet name -> rows of texts, numbers (float) and None for empty cells. Formulas are read as their stored values.

    Raises DataError, naming the file, when it is not such a workbook.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
        return {
            sheet.title: [[_plain(value) for value in row] for row in sheet.iter_rows(values_only=True)]
            for sheet in book.worksheets
        }
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise DataError(f"{name}: is not a readable .xlsx workbook ({error})") from error


def _plain(value: Any) -> Value:
    if isinstance(value, int | float):
        return float(value)
    return value if value is None or isinstance(value, str) else str(value)
