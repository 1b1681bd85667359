import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tenfold.metrics.ranking import discounted_gains, hits, reciprocal_ranks

ranks_of = arrays(np.int32, 20, elements=st.integers(0, 200))


@pytest.mark.parametrize(
    ("rank", "gain"), [(0, 1.0), (1, 0.630930), (4, 0.386853), (9, 0.289065), (19, 0.227670), (20, 0.0)]
)
def test_gains_of_the_worked_ranks(rank, gain):
    assert discounted_gains(np.array([rank]), 20)[0] == pytest.approx(gain, abs=1e-6)


@given(ranks_of, st.integers(1, 100))
def test_hits_grow_with_the_cut_and_bound_the_gains(ranks, k):
    assert (hits(ranks, k) <= hits(ranks, k + 1)).all()
    assert (discounted_gains(ranks, k) <= hits(ranks, k)).all()


@given(ranks_of)
def test_metrics_agree_with_sklearn(ranks):
    from sklearn.metrics import ndcg_score

    relevance, scores = np.zeros((20, 201)), -np.tile(np.arange(201.0), (20, 1))
    relevance[np.arange(20), ranks] = 1
    assert discounted_gains(ranks, 10).mean() == pytest.approx(ndcg_score(relevance, scores, k=10))
    assert reciprocal_ranks(ranks).mean() == pytest.approx(np.mean([1 / (r + 1) for r in ranks]))
