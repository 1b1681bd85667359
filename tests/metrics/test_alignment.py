"""CSLS, ranks of partners and mutual nearest neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.metrics import alignment
from tenfold.metrics.alignment import Scores, csls, mutual_nearest, partner_ranks
from tenfold.metrics.ranking import hits, reciprocal_ranks

WORKED = torch.tensor([[0.9, 0.8, 0.1], [0.7, 0.75, 0.2], [0.3, 0.4, 0.5]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (1, [[0, -0.1, -1.2], [-0.25, -0.05, -0.85], [-0.8, -0.5, 0]]),
        (2, [[0.15, -0.025, -1], [-0.125, 0, -0.675], [-0.65, -0.425, 0.2]]),
    ],
)
def test_worked_csls(k, expected):
    assert torch.allclose(csls(WORKED, k), torch.tensor(expected, dtype=torch.float64))


@given(st.floats(-5, 5), st.integers(1, 5))
def test_a_constant_leaves_csls_unchanged(constant, k):
    assert torch.allclose(csls(WORKED + constant, k), csls(WORKED, k), atol=1e-9)


def test_worked_ranks():
    scores = torch.tensor([[0.9, 0.8, 0.1], [0.7, 0.6, 0.2], [0.6, 0.4, 0.5]], dtype=torch.float64)
    found = partner_ranks(scores, torch.eye(3, dtype=torch.float64), csls_neighbours=None)
    assert (found.left_to_right + 1).tolist() == [1, 2, 2]
    assert (found.right_to_left + 1).tolist() == [1, 2, 1]
    left, right = found.left_to_right.numpy(), found.right_to_left.numpy()
    assert hits(left, 1).mean() == pytest.approx(1 / 3)
    assert reciprocal_ranks(left).mean() == pytest.approx(2 / 3)
    assert hits(right, 1).mean() == pytest.approx(2 / 3)
    assert reciprocal_ranks(right).mean() == pytest.approx(5 / 6)


def embeddings(seed: int, n: int, width: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(2, n, width, generator=generator, dtype=torch.float64)
    left, right = torch.nn.functional.normalize(drawn, dim=-1)
    return left, right


@given(st.integers(0, 1000), st.integers(1, 23), st.sampled_from([None, 1, 3, 30]), st.integers(1, 9))
def test_ranks_in_blocks_are_those_of_the_whole_matrix(seed, n, k, block):
    left, right = embeddings(seed, n)
    scores = (left @ right.T).numpy()
    if k is not None:
        scores = csls(left @ right.T, k).numpy()
    own = np.diag(scores)
    found = partner_ranks(left, right, csls_neighbours=k, tolerance=0.0, block=block)
    assert found.left_to_right.tolist() == [(np.delete(scores[i], i) > own[i]).sum() for i in range(n)]
    assert found.right_to_left.tolist() == [(np.delete(scores[:, j], j) > own[j]).sum() for j in range(n)]


def test_scores_that_are_not_kept_are_computed_again(monkeypatch):
    left, right = embeddings(1, 20)
    kept = partner_ranks(left, right, csls_neighbours=3, block=6)
    monkeypatch.setattr(alignment, "LARGEST_KEPT", 0)
    again = partner_ranks(left, right, csls_neighbours=3, block=6)
    assert torch.equal(kept.left_to_right, again.left_to_right)
    assert torch.equal(kept.right_to_left, again.right_to_left)


def test_entities_that_coincide_get_the_last_of_their_ranks():
    left, right = embeddings(2, 6)
    right[3:] = right[3]
    assert (partner_ranks(left, right, csls_neighbours=3).left_to_right[3:] >= 2).all()


def test_neighbourhoods_of_blocks():
    left, right = embeddings(3, 11)
    of_rows, of_columns = Scores(left, right, block=4).neighbourhoods(3)
    scores = (left @ right.T).numpy()
    assert np.allclose(of_rows, np.sort(scores, axis=1)[:, -3:].mean(axis=1))
    assert np.allclose(of_columns, np.sort(scores, axis=0)[-3:].mean(axis=0))


def test_sides_of_different_length_are_refused():
    with pytest.raises(ValueError, match="same rows"):
        partner_ranks(torch.eye(3), torch.eye(2, 3), csls_neighbours=3)


@pytest.mark.parametrize("block", [1, 2, 100])
def test_worked_mutual_neighbours(block):
    distances = torch.tensor([[0.0, 2, 3], [1, 0.5, 3], [2, 0.4, 9]])
    rows, columns = mutual_nearest(-distances, torch.eye(3), block=block)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 0), (2, 1)]


@given(st.integers(0, 1000), st.integers(1, 9))
def test_neighbours_are_mutual_and_one_to_one(seed, block):
    left, right = embeddings(seed, 12)
    rows, columns = mutual_nearest(left, right[:9], block=block)
    scores = left @ right[:9].T
    assert torch.equal(scores.argmax(1)[rows], columns)
    assert torch.equal(scores.argmax(0)[columns], rows)
    assert len(set(columns.tolist())) == len(columns) > 0
