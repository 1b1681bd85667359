"""Reading the first sheets of an .xlsx workbook: a zip archive of XML, of which only plain values are needed."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath
from typing import IO
from xml.etree import ElementTree

from tenfold.errors import DataError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(r"([A-Z]+)\d+$")
LARGEST_PART = 64 * 2**20
"""Bytes of unpacked XML above which a workbook is refused."""

Value = str | float | None


def sheets(file: IO[bytes], name: object) -> dict[str, list[list[Value]]]:
    """Sheet name -> rows of texts, numbers and None for empty cells. Formulas are read as their stored values.

    Raises DataError, naming the file, when it is not such a workbook.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            texts = _shared_texts(archive)
            return {title: _rows(_xml(archive, part), texts) for title, part in _parts(archive)}
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, ElementTree.ParseError) as error:
        raise DataError(f"{name}: is not a readable .xlsx workbook ({error})") from error


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    if archive.getinfo(part).file_size > LARGEST_PART:
        raise ValueError(f"{part} is larger than {LARGEST_PART} bytes")
    content = archive.read(part)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError(f"{part} declares entities, which no workbook needs")
    return ElementTree.fromstring(content)


def _parts(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Titles of the sheets and their parts of the archive, in order."""
    targets = {link.attrib["Id"]: link.attrib["Target"] for link in _xml(archive, "xl/_rels/workbook.xml.rels")}
    found = []
    for sheet in _xml(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = targets[sheet.attrib[_LINK]]
        part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
        found.append((sheet.attrib["name"], part))
    return found


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    items = _xml(archive, "xl/sharedStrings.xml").findall(f"{_MAIN}si")
    return ["".join(text.text or "" for text in item.iter(f"{_MAIN}t")) for item in items]


def _rows(sheet: ElementTree.Element, texts: list[str]) -> list[list[Value]]:
    rows = []
    for row in sheet.iter(f"{_MAIN}row"):
        values: list[Value] = []
        for cell in row.findall(f"{_MAIN}c"):
            column = _column(cell.attrib["r"]) if "r" in cell.attrib else len(values)
            values += [None] * (column + 1 - len(values))
            values[column] = _value(cell, texts)
        rows.append(values)
    return rows


def _column(reference: str) -> int:
    match = _CELL.match(reference)
    if match is None:
        raise ValueError(f"{reference!r} is not the name of a cell")
    number = 0
    for letter in match.group(1):
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, texts: list[str]) -> Value:
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{_MAIN}t"))
    stored = cell.find(f"{_MAIN}v")
    if stored is None or stored.text is None:
        return None
    if kind == "s":
        return texts[int(stored.text)]
    return float(stored.text) if kind == "n" else stored.text
