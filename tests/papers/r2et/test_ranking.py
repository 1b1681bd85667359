"""The hand-worked vectors of the paper's card, and what must hold for every vector."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.r2et.objective import Gaps
from tenfold.papers.r2et.ranking import (
    all_pairs_coefficients,
    anchor_pairs,
    distinct_share,
    feature_coefficients,
    pair_count,
    position_coefficients,
    precision_at_k,
    top_k,
)

CLEAN = torch.tensor([0.9, 0.7, 0.4, 0.35, 0.1, 0.05], dtype=torch.float64)
AFTER = torch.tensor([0.5, 0.3, 0.6, 0.2, 0.4, 0.05], dtype=torch.float64)


def gap_sum(clean, at, k, pairs, worst=1):
    coefficients = feature_coefficients(clean, position_coefficients(clean.shape[-1], k, pairs, worst))
    return (coefficients * at).sum(-1)


def test_precision_at_3_of_the_worked_example():
    assert top_k(CLEAN, 3).nonzero().ravel().tolist() == [0, 1, 2]
    assert top_k(AFTER, 3).nonzero().ravel().tolist() == [0, 2, 4]
    assert precision_at_k(CLEAN, AFTER, 3).item() == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("pairs", "worst", "expected"), [("all", 1, 4.5), ("anchors", 1, 1.5), ("worst", 1, 0.05), ("worst", 2, 0.65)]
)
def test_gap_sums_of_the_worked_example(pairs, worst, expected):
    assert gap_sum(CLEAN, CLEAN, 3, pairs, worst).item() == pytest.approx(expected)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=9), st.integers(1, 3))
def test_of_equal_features_the_first_is_on_top_everywhere(values, k):
    clean = torch.tensor(values, dtype=torch.float64)
    found = all_pairs_coefficients(clean, k)
    assert torch.equal(found > 0, top_k(clean, k))
    assert (found * clean).sum().item() == pytest.approx(sum(all_gaps(clean, k)).item())
    assert set(torch.argsort(-clean, stable=True)[:k].tolist()) == set(top_k(clean, k).nonzero().ravel().tolist())


def test_the_attack_objective_keeps_the_clean_order():
    assert gap_sum(CLEAN, AFTER, 3, "all").item() == pytest.approx(2.25)


def test_anchor_pairs_for_3():
    assert anchor_pairs(3) == [(0, 2), (1, 2), (2, 3), (2, 4), (2, 5)]


def all_gaps(clean, k):
    order = clean.argsort(descending=True, stable=True)
    return [clean[i] - clean[j] for i in order[:k] for j in order[k:]]


@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=9, unique=True), st.integers(1, 3))
def test_coefficients_sum_the_gaps_of_all_pairs(values, k):
    clean = torch.tensor(values, dtype=torch.float64)
    assert gap_sum(clean, clean, k, "all").item() == pytest.approx(sum(all_gaps(clean, k)).item(), abs=1e-9)
    assert pair_count(len(values), k, "all") == len(all_gaps(clean, k))


@given(st.permutations(range(6)))
def test_renumbering_the_features_changes_no_sum_and_no_precision(order):
    for pairs in ("all", "anchors", "worst"):
        assert gap_sum(CLEAN[order], AFTER[order], 3, pairs).item() == pytest.approx(
            gap_sum(CLEAN, AFTER, 3, pairs).item()
        )
    assert precision_at_k(CLEAN[order], AFTER[order], 3) == precision_at_k(CLEAN, AFTER, 3)


def test_exponential_coefficients_are_the_gradient_of_the_mean_exponential():
    sizes = CLEAN[torch.tensor([3, 0, 5, 1, 4, 2])].clone().requires_grad_()
    order = sizes.detach().argsort(descending=True)
    penalty = torch.stack([torch.exp(sizes[order[j]] - sizes[order[i]]) for i, j in anchor_pairs(3)]).mean()
    (gradient,) = torch.autograd.grad(penalty, sizes)
    assert torch.allclose(Gaps(3, "anchors", exponential=True).coefficients(sizes), -gradient)


def test_distinct_sets_are_counted():
    same = torch.stack([CLEAN, CLEAN * 2, CLEAN + 1, AFTER])
    assert distinct_share(same, 3) == 0.5


@pytest.mark.parametrize("k", [0, 6])
def test_k_must_leave_something_on_both_sides(k):
    with pytest.raises(ValueError, match="must be from 1 to 5"):
        top_k(CLEAN, k)


def test_anchor_pairs_need_twice_k_features():
    with pytest.raises(ValueError, match="need 8 features"):
        position_coefficients(6, 4, "anchors")
