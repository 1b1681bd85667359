from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest

from tenfold.papers.leiad.page import drawing
from tenfold.papers.leiad.page.figures import MARKED, WINDOW, window_figure
from tenfold.papers.leiad.page.overviews import curve_figure, series_figure
from tenfold.papers.leiad.page.session import Answer
from tenfold.papers.leiad.state import Query
from tests.papers.leiad.made_up import made_up_pool

POOL = made_up_pool(series=3, length=2000)
QUERY = Query(1, 2900, 2700, 3100, 0, 0)  # places 700 to 1099 of the second series


def window(pool=POOL, query=QUERY, gold=None):
    return window_figure(pool, query, np.full(len(pool), -1, np.int8) if gold is None else gold)


def test_the_window_is_drawn_over_its_context_within_the_series():
    figure = window()
    context, queried = figure["data"][0], figure["data"][WINDOW]
    assert (context["x"][0], context["x"][-1]) == (100, 1699)
    assert (queried["x"][0], queried["x"][-1]) == (700, 1099)
    np.testing.assert_allclose(queried["y"], POOL.values[2700:3100], atol=1e-6)
    edge = window(query=Query(1, 2050, 2000, 2250, 0, 0))
    assert edge["data"][0]["x"][0] == 0  # nothing of the series before it
    assert edge["data"][0]["x"][-1] == 849


def test_every_detector_has_a_named_row_on_the_same_axis_and_no_row_overlaps_another():
    figure = window()
    rows = figure["data"][5:]
    assert [row["name"] for row in rows] == [*POOL.detectors, "TS2Vec distance"]
    np.testing.assert_allclose(rows[2]["y"], POOL.scores[2100:3700, 2], atol=5e-4)
    np.testing.assert_allclose(rows[-1]["y"], POOL.deviation[2100:3700], atol=5e-4)
    assert {row.get("xaxis", "x") for row in rows} == {"x"}
    domains = sorted(axis["domain"] for name, axis in figure["layout"].items() if name.startswith("yaxis"))
    assert len(domains) == 7
    assert all(below[1] < above[0] for below, above in itertools.pairwise(domains))
    named = {note["text"] for note in figure["layout"]["annotations"]}
    assert named == {"value", "asked about", *POOL.detectors, "TS2Vec distance"}


def test_what_the_script_needs_is_in_the_meta_data():
    gold = np.full(len(POOL), -1, np.int8)
    gold[2700:2703] = [0, 1, 1]
    gold[2690] = 1  # outside the window
    figure = window(gold=gold)
    meta = figure["layout"]["meta"]
    assert (meta["first"], meta["last"], meta["centre"], meta["known"]) == (700, 1099, 900, [700, 701, 702])
    assert figure["data"][meta["marked"]]["name"] == "marked"
    assert figure["data"][meta["cursor"]]["name"] == "cursor"
    cursor = figure["layout"]["shapes"][meta["cursorShape"]]
    assert (cursor["type"], cursor["x0"]) == ("line", 900)
    assert figure["data"][2]["x"] == [701, 702]
    assert figure["data"][MARKED]["x"] == []


def test_figures_are_plain_json():
    gold = np.zeros(len(POOL), np.int8)
    scores = np.linspace(0, 1, len(POOL))
    answers = [Answer("a", 1, 0, 5, 0, 0, (1,), None, "", 0.5, None)]
    for figure in (window(gold=gold), series_figure(POOL, 1, scores, gold, 0.9), curve_figure(answers, [])):
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure


def test_a_window_never_shows_the_model_that_learns_from_it():
    assert "model" not in json.dumps(window()["layout"]) + " ".join(trace["name"] for trace in window()["data"])


def test_a_whole_series_shows_scores_marks_and_bound():
    gold = np.full(len(POOL), -1, np.int8)
    gold[2005:2010] = [0, 0, 1, 1, 0]
    scores = np.arange(len(POOL)) / len(POOL)
    figure = series_figure(POOL, 1, scores, gold, 0.5)
    value, marked, score = figure["data"]
    assert len(value["x"]) == 2000
    assert marked["x"] == [7, 8]
    np.testing.assert_allclose(score["y"], scores[2000:4000], atol=1e-4)
    assert any(shape.get("yref") == "y2" and shape["y0"] == 0.5 for shape in figure["layout"]["shapes"])
    assert [shape["x0"] for shape in figure["layout"]["shapes"] if shape["type"] == "rect"] == [4.5]


def test_the_curve_needs_no_true_labels_and_shows_them_only_when_asked():
    answers = [Answer("a", 1, 0, 5, 0, 0, (), None, "", value, None) for value in (0.5, None, 0.7, 0.9)]
    curve = [{"interactions": 0, "unlabelled_ap": 0.2}, {"interactions": 1}, {"interactions": 4, "unlabelled_ap": 0.6}]
    plain = curve_figure(answers, curve)
    assert [trace["name"] for trace in plain["data"]][:2] == ["end model, one window", "end model"]
    assert plain["data"][0]["x"] == [1, 3, 4]
    assert plain["data"][1]["y"] == pytest.approx([0.5, 0.6, 0.7])
    assert not [trace["name"] for trace in plain["data"] if "true" in trace["name"]]
    truth = curve_figure(answers, curve, ["unlabelled_ap"])["data"][-1]
    assert truth["name"].startswith("true AP")
    assert (truth["x"], truth["y"]) == ([0, 4], [0.2, 0.6])


def test_a_long_line_is_thinned_without_losing_a_spike():
    values = np.zeros(300_000)
    values[[12_345, 234_567]] = [5, -5]
    places = drawing.thinned(values)
    assert len(places) <= 2 * drawing.BUCKETS + 2
    assert {0, 12_345, 234_567, 299_999} <= set(places.tolist())
    assert (np.diff(places) > 0).all()
    assert drawing.thinned(values[:4000]).tolist() == list(range(4000))


def test_runs_are_the_stretches_of_neighbours():
    assert drawing.runs(np.array([1, 2, 3, 7, 9, 10])) == [(1, 3), (7, 7), (9, 10)]
    assert drawing.runs(np.array([], dtype=int)) == []


def test_times_are_dates_where_they_can_be():
    stamps = np.array([1_396_310_400, 1_396_310_700, 1_396_311_000])
    assert drawing.times(stamps)[0] == "2014-04-01 00:00:00"
    assert drawing.spacing(stamps) == "one point every 5 min"
    assert drawing.moment(1_396_310_700) == "2014-04-01 00:05"
    assert drawing.times(np.array([0, 1])).tolist() == ["0", "1"]
    assert drawing.spacing(np.array([0, 86_400 * 7])) == "one point every 7 d"
    assert drawing.spacing(np.array([5])) == "one point"


def test_series_without_dates_are_drawn_as_well():
    figure = window(pool=dataclasses.replace(POOL, timestamps=np.arange(len(POOL))))
    assert figure["data"][WINDOW]["text"][0] in {"2700", "1970-01-01 00:45:00"}
