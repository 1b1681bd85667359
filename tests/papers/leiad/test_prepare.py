"""Prepare: draws by seed, series alone, honest splits."""

from itertools import pairwise

import numpy as np
import pytest

from tenfold.data.generators.series import families
from tenfold.data.labelled_series import LabelledSeries, OneSeries
from tenfold.data.preparation import Preparation
from tenfold.errors import ConfigError
from tenfold.papers.leiad.detectors import DETECTORS
from tenfold.papers.leiad.preparation_settings import Prepare
from tenfold.papers.leiad.prepare import drawn, prepare
from tenfold.training.seeding import numpy_generator

FEW = {"detectors": {"isolation_trees": 5, "random_cut_trees": 5, "random_cut_tree_size": 50}}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    families(folder, seed=1, train=8, test=4, shortest=220, longest=300)
    return folder


def prepared(raw, seeds=(0, 1), **settings):
    return prepare(Preparation("leiad", "families", {**FEW, **settings}, seeds, raw, "series.generated", {}))


def test_arrays_are_aligned_and_scaled_in_each_series(raw):
    arrays = prepared(raw).arrays
    offsets = arrays["offsets"]
    assert len(arrays["names"]) == 12 == len(offsets) - 1
    assert {len(arrays[name]) for name in ("timestamps", "values", "labels", "scores", "features")} == {offsets[-1]}
    assert list(arrays["detector_names"]) == list(DETECTORS)
    assert arrays["scores"].shape[1:] == (5,)
    assert arrays["features"].shape[1:] == (75,) == arrays["feature_names"].shape
    assert (arrays["scores"].dtype, arrays["features"].dtype) == (np.float32, np.float16)
    for start, stop in pairwise(offsets):
        assert (arrays["scores"][start:stop].min(axis=0) == 0).all()
        assert (arrays["scores"][start:stop].max(axis=0) == 1).all()
        np.testing.assert_allclose(arrays["features"][start:stop].mean(axis=0, dtype=float), 0, atol=1e-3)


def test_a_series_is_the_same_in_any_company_and_the_statistics_are_of_the_whole_set(raw):
    whole, part = prepared(raw), prepared(raw, seeds=(1,), train_series=2, test_series=1)
    assert len(part.arrays["names"]) == 3
    for place, name in enumerate(part.arrays["names"]):
        own = slice(*part.arrays["offsets"][place : place + 2])
        other = int(np.flatnonzero(whole.arrays["names"] == name)[0])
        there = slice(*whole.arrays["offsets"][other : other + 2])
        for key in ("values", "scores", "features", "labels", "timestamps"):
            np.testing.assert_array_equal(part.arrays[key][own], whole.arrays[key][there])
    assert part.statistics == whole.statistics
    assert part.statistics["train series"] == 8
    assert part.statistics["curves"] == 4


def test_draws_differ_by_seed_and_keep_the_publishers_split(raw):
    arrays = prepared(raw, train_series=3, test_series=2).arrays
    for seed in (0, 1):
        chosen = arrays["names"][arrays[f"{seed}/train_series"]], arrays["names"][arrays[f"{seed}/test_series"]]
        assert [len(part) for part in chosen] == [3, 2]
        assert all(int(name.split("/")[1]) <= 8 for name in chosen[0])
        assert all(int(name.split("/")[1]) > 8 for name in chosen[1])
    assert list(arrays["0/train_series"]) != list(arrays["1/train_series"])
    again = prepared(raw, train_series=3, test_series=2).arrays
    np.testing.assert_array_equal(arrays["1/train_series"], again["1/train_series"])


def test_long_series_are_cut_and_short_ones_left_out(raw):
    arrays = prepared(raw, shortest=250, first_points=100).arrays
    assert set(np.diff(arrays["offsets"])) == {100}
    assert len(arrays["names"]) < 12


def made(groups: list[str], splits: list[str]) -> LabelledSeries:
    return LabelledSeries.of(
        [
            OneSeries(str(n), np.arange(2), np.arange(2.0), np.zeros(2), group, split)
            for n, (group, split) in enumerate(zip(groups, splits, strict=True))
        ],
        "made",
    )


def split_of(series: LabelledSeries, seed: int = 0, **settings):
    everything = np.arange(len(series))
    return drawn(series, everything, Prepare.model_validate(settings), numpy_generator(seed, "pool"), "made")


@pytest.mark.parametrize("seed", range(5))
def test_split_by_curve_has_no_curve_on_both_sides(seed):
    groups = [f"curve {n % 7}" for n in range(40)]
    series = made(groups, ["train" if n % 3 else "test" for n in range(40)])
    train, test = split_of(series, seed, split="curve")
    assert not set(series.groups[train]) & set(series.groups[test])
    assert len(train) + len(test) == 40
    assert 10 <= len(test) <= 16  # a quarter, and at most one curve more
    assert split_of(series, seed)[0].tolist() != train.tolist()


def test_split_by_series_gives_every_series_to_one_side():
    series = made(["a"] * 60, [""] * 60)
    train, test = split_of(series, split="series", train_series=45, test_series=15)
    assert sorted([*train, *test]) == list(range(60))
    assert len(test) == 15


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"train_series": 5}, r"made: prepare\.train_series: 5 wanted, but 3 train series"),
        ({"split": "series", "train_series": 4, "test_series": 2}, r"train_series: 4 wanted, but 2 train"),
    ],
)
def test_more_series_than_there_are_is_an_error(settings, message):
    with pytest.raises(ConfigError, match=message):
        split_of(made(["a"] * 4, ["train"] * 3 + ["test"]), **settings)


def test_a_set_without_a_split_of_its_own_says_what_to_do():
    with pytest.raises(ConfigError, match="no split of its own, so say split: series"):
        split_of(made(["a"] * 4, [""] * 4))
