"""What the synthetic sequences promise: checked against their closed forms, on draws large enough to tell."""

import csv as csv_module

import numpy as np
import pytest

from tenfold.config import Configuration
from tenfold.data.generators.sequences import drifting_sequences
from tenfold.data.readers import interactions
from tenfold.errors import ConfigError

SMALL = {"users": 50, "items": 40, "topics": 4, "drift_days": 180}


class Rows:
    """Columns of a generated file, and which events follow another one of the same user."""

    def __init__(self, folder, *, items: int, topics: int, **settings) -> None:
        drifting_sequences(folder, items=items, topics=topics, **settings)
        with (folder / "interactions.csv").open() as file:
            rows = list(csv_module.DictReader(file))
        self.user = np.array([int(row["user"][1:]) for row in rows])
        self.item = np.array([int(row["item"][1:]) for row in rows]) - 1
        self.time = np.array([int(row["time"]) for row in rows])
        self.bursty = np.array([row["pattern"] == "bursty" for row in rows])
        self.size = items // topics
        self.topic = self.item // self.size
        self.follows = np.flatnonzero(np.diff(self.user) == 0) + 1

    def switches(self, bursty: bool) -> np.ndarray:
        """Does each event of even or bursty users, other than a user's first, change the topic?"""
        later = self.follows[self.bursty[self.follows] == bursty]
        return self.topic[later] != self.topic[later - 1]


def large(tmp_path, **changes) -> Rows:
    settings = {"seed": 1, "users": 20_000, "items": 120, "topics": 6, "drift_days": 180.0} | changes
    return Rows(tmp_path, **settings)


def test_the_same_settings_give_the_same_bytes_and_another_seed_others(tmp_path):
    written = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        drifting_sequences(tmp_path / name, seed=seed, **SMALL)
        written.append((tmp_path / name / "interactions.csv").read_bytes())
    assert written[0] == written[1] != written[2]


def test_sequences_are_chronological_whole_days_without_repeats(tmp_path):
    rows = large(tmp_path, users=2000)
    lengths = np.bincount(rows.user)
    assert (lengths.min(), lengths.max()) == (5, 20)
    assert (np.diff(rows.time)[rows.follows - 1] >= 0).all()
    assert (rows.time % 86400 == 0).all()
    assert len(np.unique(rows.user * 1000 + rows.item)) == len(rows.user)
    assert set(rows.item) == set(range(120))


def test_the_reader_takes_the_file_as_it_is(tmp_path):
    rows = Rows(tmp_path, seed=3, **SMALL)
    found = interactions.csv(tmp_path)
    assert np.array_equal(found.user, rows.user)
    assert np.array_equal(found.time, rows.time)
    assert found.item_ids[found.item - 1].tolist() == [f"i{item + 1}" for item in rows.item]


def test_interests_change_as_often_as_the_closed_form_says(tmp_path):
    rows = large(tmp_path)
    # E[1 - exp(-t/180)]: t = 7 (1 + 0.1 z) for even users; t = 1, or exponential with mean 120, for bursty ones.
    even = 1 - np.exp(-7 / 180 + (0.7 / 180) ** 2 / 2)
    bursty = 0.5 * (1 - np.exp(-1 / 180)) + 0.5 * 120 / (120 + 180)
    for pattern, expected in ((False, even), (True, bursty)):
        found = rows.switches(pattern)
        assert abs(found.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(found))


def successors(rows: Rows) -> np.ndarray:
    """(topics, size, size) how often each item of a topic follows each other one within the topic."""
    counts = np.zeros((rows.topic.max() + 1, rows.size, rows.size))
    within = rows.follows[rows.topic[rows.follows] == rows.topic[rows.follows - 1]]
    np.add.at(counts, (rows.topic[within], rows.item[within - 1] % rows.size, rows.item[within] % rows.size), 1)
    return counts


def predictability(rows: Rows, bursty: bool, best: np.ndarray) -> np.ndarray:
    """Is each later event of these users the most frequent successor of the event before it?"""
    later = rows.follows[rows.bursty[rows.follows] == bursty]
    before = later - 1
    guess = rows.topic[before] * rows.size + best[rows.topic[before], rows.item[before] % rows.size]
    return guess == rows.item[later]


@pytest.mark.parametrize(("drift", "differs"), [(180.0, True), (None, False)])
def test_bursty_users_are_harder_to_predict_with_drift_and_only_with_it(tmp_path, drift, differs):
    rows = large(tmp_path, drift_days=drift)
    best = successors(rows).argmax(axis=2)
    even, bursty = (predictability(rows, pattern, best) for pattern in (False, True))
    error = np.sqrt(even.var() / len(even) + bursty.var() / len(bursty))
    difference = (even.mean() - bursty.mean()) / error
    assert difference > 10 if differs else abs(difference) < 4
    assert even.mean() > 2 / rows.size, "there is something to predict"


def test_without_drift_nobody_leaves_a_topic(tmp_path):
    rows = large(tmp_path, users=2000, drift_days=None)
    assert not rows.switches(True).any()
    assert not rows.switches(False).any()


def test_popular_items_of_a_topic_come_first(tmp_path):
    rows = large(tmp_path)
    first = np.concatenate(([0], np.flatnonzero(np.diff(rows.user)) + 1))
    counts = np.bincount(rows.item[first] % rows.size, minlength=rows.size)
    expected = 1 / np.arange(1, rows.size + 1)
    expected *= len(first) / expected.sum()
    assert ((counts - expected) ** 2 / expected).sum() < 43.8, "chi-squared, 19 degrees of freedom, 0.1 %"


@pytest.mark.parametrize(
    "change", [{"items": 41}, {"topics": 0}, {"users": 0}, {"shortest": 11}, {"shortest": 0}, {"mean_length": 4}]
)
def test_numbers_that_do_not_fit_together_are_refused(tmp_path, change):
    with pytest.raises(ConfigError, match="drifting_sequences: "):
        drifting_sequences(tmp_path, seed=0, **SMALL | change)


def test_the_registered_data_sets_differ_in_the_drift_only():
    registry = Configuration().datasets
    first, second = (registry[name].sources[0].settings for name in ("sequence-drift", "sequence-drift-none"))
    assert {key for key in first if first[key] != second[key]} == {"drift_days"}
    assert second["drift_days"] is None
