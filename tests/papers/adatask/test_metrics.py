"""Metrics against the card's values (T6), scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from tenfold.papers.adatask import metrics

CONFUSION = np.array([[5, 1, 0], [2, 3, 1], [0, 0, 4]])
BASE = (0.0125, 27.77, 0.7401, 0.9316)


def test_segmentation_of_the_reference():
    assert metrics.intersection_over_union(CONFUSION) == pytest.approx([0.625, 0.428571, 0.8], abs=1e-6)
    assert metrics.mean_iou(CONFUSION) == pytest.approx(0.617857, abs=1e-6)
    assert metrics.pixel_accuracy(CONFUSION) == 0.75


def test_a_class_that_does_not_occur_is_left_out_of_the_mean():
    larger = np.zeros((4, 4))
    larger[:3, :3] = CONFUSION
    assert metrics.mean_iou(larger) == pytest.approx(0.617857, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.0152, 47.00, 0.7501, 0.9340), 22.310),
        ((0.0145, 44.16, 0.7518, 0.9338), 18.301),
        ((0.0128, 36.85, 0.7502, 0.9340), 8.369),
        (BASE, 0.0),
    ],
)
def test_delta_m_of_the_papers_rows(values, expected):
    assert metrics.delta_m(values, BASE, metrics.DENSE_HIGHER) == pytest.approx(expected, abs=1e-3)


def test_auc_agrees_with_scikit_learn_also_with_ties():
    generator = np.random.default_rng(0)
    for digits in (1, 6):
        scores, labels = generator.random(300).round(digits), generator.random(300) < 0.2
        assert metrics.auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
    assert np.isnan(metrics.auc(np.ones(3), np.ones(3)))


def test_rank_correlation_agrees_with_scipy():
    generator = np.random.default_rng(1)
    first, second = generator.integers(0, 6, 40), generator.random(40)
    assert metrics.spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)
    assert np.isnan(metrics.spearman(np.ones(4), np.arange(4)))
    assert np.isnan(metrics.spearman(np.arange(2), np.arange(2)))
