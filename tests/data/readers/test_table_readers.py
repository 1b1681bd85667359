"""Labelled tables, and what is said of malformed ones."""

import numpy as np
import pytest

from tenfold.data.generators.tables import planted_signal
from tenfold.data.readers.tables import csv, generated
from tenfold.errors import ConfigError, DataError

TEXT = "a,b,c,y\n1,x,0,yes\n2.5,z,9,no\n?,x,3,no\n4,w,1,yes\n\n"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "t.csv").write_text(TEXT)

    def call(columns, **settings):
        given = {"files": ["t.csv"], "label": "y", "positive": ["yes"], "missing": "?", **settings}
        return csv(tmp_path, columns=columns, **given)

    return call


def test_numbers_logarithms_codes_and_groups(read):
    found = read({"a": "number", "c": "log1p", "b": {"first": ["x"], "second": ["z"], "other": "rest"}})
    assert found.names == ("a", "c", "b=first", "b=second", "b=other")
    assert found.features[:, 0].tolist() == [1, 2.5, 4]
    assert found.features[:, 1] == pytest.approx(np.log([1, 10, 2]))
    assert found.features[:, 2:].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert found.labels.tolist() == [1, 0, 1]


def test_codes_follow_the_alphabet(read):
    assert read({"b": "codes"}).features[:, 0].tolist() == [1, 2, 1, 0]  # without the column that has a "?"


def test_a_single_group_is_an_indicator(read):
    assert read({"b": {"x": ["x"]}}).features[:, 0].tolist() == [1, 0, 1, 0]


def test_files_are_joined(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(TEXT)
    found = csv(tmp_path, files=["one.csv", "two.csv"], label="y", positive=["yes"], columns={"c": "number"})
    assert len(found.labels) == 8


@pytest.mark.parametrize(
    ("columns", "settings", "error", "message"),
    [
        ({"a": "number"}, {"missing": None}, DataError, r"t\.csv: line 4: a: '\?' is not a finite number"),
        ({"b": {"one": ["x"], "two": ["z"]}}, {}, DataError, r"line 5: b: 'w' is in no group"),
        ({"b": {"one": ["x"], "two": ["x"]}}, {}, ConfigError, "in more than one group"),
        ({"b": {"one": "rest", "two": "rest"}}, {}, ConfigError, "only one group can be the rest"),
        ({"b": "numbers"}, {}, ConfigError, "not number, log1p, codes"),
        ({}, {}, ConfigError, "no column is named"),
        ({"c": "number"}, {"positive": ["maybe"]}, DataError, "every row is in the same class"),
        ({"d": "number"}, {}, DataError, "no column d"),
    ],
)
def test_what_does_not_fit_is_said(read, columns, settings, error, message):
    with pytest.raises(error, match=message):
        read(columns, **settings)


def test_a_logarithm_needs_more_than_minus_one(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1,yes\n-1,no\n")
    with pytest.raises(DataError, match="line 3: a: -1 has no logarithm"):
        csv(tmp_path, files=["t.csv"], label="y", positive=["yes"], columns={"a": "log1p"})


def test_the_generated_table_has_its_signal_where_it_says(tmp_path):
    planted_signal(tmp_path, seed=1, rows=2000, signals=3, noises=5)
    found = generated(tmp_path)
    assert found.features.shape == (2000, 8)
    correlations = [abs(np.corrcoef(column, found.labels)[0, 1]) for column in found.features.T]
    assert min(correlations[:3]) > 3 * max(correlations[3:])
