from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest

from tenfold.papers.leiad.page import export
from tenfold.papers.leiad.page.alerts import alerts_of, bound_of
from tenfold.papers.leiad.page.session import Answer
from tests.papers.leiad.made_up import made_up_pool

POOL = made_up_pool(series=3, length=10)


def read(rows):
    return list(csv.DictReader(io.StringIO("".join(export.csv_blocks(rows)))))


def test_series_come_by_their_highest_score_with_their_runs_of_alerts():
    scores = np.zeros(30)
    scores[[3, 4, 5, 9]] = 0.8  # first series: two runs, the second up to its end
    scores[[10, 18]] = 0.9, 0.95  # second series: begins with an alert of its own
    gold = np.full(30, -1)
    gold[10:13] = [0, 1, 0]
    second, first, third = alerts_of(POOL, scores, gold, 0.5)
    assert (second.name, second.highest, second.at, second.alerts) == ("series-1", 0.95, 8, 2)
    assert (second.labelled, second.marked) == (3, 1)
    assert (first.name, first.highest, first.at, first.alerts) == ("series-0", 0.8, 3, 2)
    assert (third.name, third.alerts, third.labelled) == ("series-2", 0, 0)


def test_series_of_equal_scores_come_by_the_points_above_the_bound():
    scores = np.zeros(30)
    scores[[5, 12, 14, 25, 26]] = 1.0
    bound = bound_of(scores, 10)
    assert bound == 1.0  # the model is sure of more points than the share asks for
    assert [(found.name, found.alerts) for found in alerts_of(POOL, scores, None, bound)] == [
        ("series-1", 2),
        ("series-2", 1),
        ("series-0", 1),
    ]


def test_so_many_percent_of_the_points_are_alerts():
    scores = np.random.default_rng(0).random(10_000)
    assert (scores > bound_of(scores, 4)).mean() == pytest.approx(0.04, abs=1e-3)


def test_labels_are_exported_with_the_window_that_showed_them_first():
    gold = np.full(30, -1, np.int8)
    gold[10:15] = [0, 1, 1, 0, 0]
    answers = [Answer("series-1", 2, 0, 4, 0, 0, (1, 2)), Answer("series-1", 4, 2, 5, 1, 0, ())]
    rows = read(export.label_rows(POOL, gold, answers))
    assert [(row["series"], row["place"], row["label"], row["window"]) for row in rows] == [
        ("series-1", "0", "0", "1"),
        ("series-1", "1", "1", "1"),
        ("series-1", "2", "1", "1"),
        ("series-1", "3", "0", "1"),
        ("series-1", "4", "0", "2"),
    ]
    assert [float(row["value"]) for row in rows] == POOL.values[10:15].tolist()
    assert [int(row["timestamp"]) for row in rows] == POOL.timestamps[10:15].tolist()


def test_scores_are_exported_for_every_point(monkeypatch):
    monkeypatch.setattr(export, "BLOCK", 7)
    gold = np.full(30, -1, np.int8)
    gold[[0, 29]] = 0, 1
    scores = np.random.default_rng(1).random(30)
    rows = read(export.score_rows(POOL, scores, gold))
    assert [float(row["score"]) for row in rows] == scores.tolist()
    assert [row["label"] for row in rows] == ["0", *[""] * 28, "1"]
    assert [row["series"] for row in rows] == [f"series-{number}" for number in range(3) for _ in range(10)]
    assert [int(row["place"]) for row in rows] == list(range(10)) * 3


def test_names_with_commas_and_quotes_survive():
    pool = dataclasses.replace(POOL, names=('a,"b"', "c\nd", "é"))
    rows = read(export.score_rows(pool, np.zeros(30), np.full(30, -1, np.int8)))
    assert {row["series"] for row in rows} == {'a,"b"', "c\nd", "é"}
