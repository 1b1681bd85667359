"""The end models: they learn, depend on nothing but rows and labels, and all labels give the supervised model."""

import numpy as np
import pytest

from tenfold.metrics.binary import roc_auc
from tenfold.papers.leiad import end_model
from tenfold.papers.leiad.settings import EndModelSettings

SETTINGS = {
    "trees": EndModelSettings(leaves=7, rounds=20, bins=63),
    "network": EndModelSettings(kind="network", epochs=20, batch=60),
}


@pytest.fixture
def tables():
    generator = np.random.default_rng(0)
    return [generator.standard_normal((n, 5)).astype(np.float32) for n in (1500, 700)]


def labels_for(table):
    return (table[:, 0] + table[:, 1] > 1).astype(np.int8)


@pytest.mark.parametrize("kind", SETTINGS)
def test_it_learns_from_some_rows_and_scores_all_tables(kind, tables):
    model = end_model.build(tables, SETTINGS[kind], seed=1)
    rows = np.random.default_rng(1).permutation(1500)[:600]
    model.fit(rows, labels_for(tables[0])[rows])
    scores = model.scores()
    assert [len(one) for one in scores] == [1500, 700]
    assert all(((one >= 0) & (one <= 1)).all() for one in scores)
    assert roc_auc(scores[1], labels_for(tables[1]) == 1) > 0.9
    assert (model.scores(1)[0] == scores[0]).all()


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_fit_depends_on_neither_earlier_fits_nor_the_order_of_trees_rows(kind, tables):
    labels = labels_for(tables[0])
    first, second = (end_model.build(tables, SETTINGS[kind], seed=1) for _ in range(2))
    second.fit(np.arange(300), labels[:300])
    rows = np.arange(200, 900)
    first.fit(rows, labels[rows])
    second.fit(rows, labels[rows])
    assert (first.scores()[1] == second.scores()[1]).all()
    if kind == "trees":
        second.fit(rows[::-1], labels[rows][::-1])
        assert (first.scores()[1] == second.scores()[1]).all()


def test_trees_binned_once_are_those_of_lightgbm_on_the_same_rows(tables):
    import lightgbm

    labels = labels_for(tables[0])
    model = end_model.build(tables, SETTINGS["trees"], seed=0)
    model.fit(np.arange(1500), labels)
    options = {
        "objective": "binary",
        "is_unbalance": True,
        "num_leaves": 7,
        "max_bin": 63,
        "verbosity": -1,
        "num_threads": 1,
    }
    plain = lightgbm.train(options, lightgbm.Dataset(tables[0], labels), num_boost_round=20)
    assert model.scores()[1] == pytest.approx(plain.predict(tables[1]), abs=1e-9)


@pytest.mark.parametrize("kind", SETTINGS)
def test_it_says_so_when_it_has_not_been_fitted(kind, tables):
    with pytest.raises(ValueError, match="not been fitted"):
        end_model.build(tables, SETTINGS[kind], seed=0).scores()
