"""Labels and scores as CSV, for use elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tenfold.papers.leiad.page.session import Answer
from tenfold.papers.leiad.pool import Pool

BLOCK = 20_000
"""Rows that are written at a time."""


def label_rows(pool: Pool, gold: np.ndarray, answers: Sequence[Answer]) -> Iterator[list[Any]]:
    """Every labelled point: its series, place there, timestamp, value, label, and the first window that showed it."""
    yield ["series", "place", "timestamp", "value", "label", "window"]
    window = np.zeros(len(pool), dtype=np.int64)
    places = {name: int(offset) for name, offset in zip(pool.names, pool.offsets[:-1], strict=True)}
    for number, answer in reversed(list(enumerate(answers, start=1))):
        if answer.series in places:
            offset = places[answer.series]
            window[offset + answer.start : offset + answer.stop] = number
    known = np.flatnonzero(gold >= 0)
    yield from _rows(pool, known, gold[known], window[known])


def score_rows(pool: Pool, scores: np.ndarray, gold: np.ndarray) -> Iterator[list[Any]]:
    """Every point: its series, place there, timestamp, value, the end model's score, and the label if there is one."""
    yield ["series", "place", "timestamp", "value", "score", "label"]
    labels = np.where(gold < 0, "", gold.astype("U2"))
    yield from _rows(pool, np.arange(len(pool)), scores, labels)


def csv_blocks(rows: Iterable[list[Any]]) -> Iterator[str]:
    """Rows as pieces of a CSV file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number % BLOCK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _rows(pool: Pool, points: np.ndarray, *columns: np.ndarray) -> Iterator[list[Any]]:
    """Rows of these points: series, place, timestamp, value, then the columns (n,)."""
    series = np.searchsorted(pool.offsets, points, side="right") - 1
    names = np.array(pool.names)[series]
    fixed = (names, points - pool.offsets[series], pool.timestamps[points], pool.values[points])
    for row in zip(*(column.tolist() for column in (*fixed, *columns)), strict=True):
        yield list(row)
