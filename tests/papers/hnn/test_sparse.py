"""Sparse products and spreads against dense ones and finite differences."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse

from tenfold.data.hypergraphs import Hypergraph
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.sparse import SparseMatrix, spread


def test_product_and_gradient_equal_the_dense_ones():
    matrix = sparse.random(7, 5, density=0.4, random_state=0, format="csr")
    dense = torch.randn(5, 3, requires_grad=True)
    cotangent = torch.randn(7, 3)
    product = SparseMatrix(matrix) @ dense
    expected = torch.from_numpy(matrix.toarray().astype(np.float32)).double() @ dense
    assert torch.allclose(product, expected)
    (gradient,) = torch.autograd.grad(product, dense, cotangent)
    (other,) = torch.autograd.grad(expected, dense, cotangent)
    assert torch.allclose(gradient, other)


def test_transpose_shares_the_entries():
    matrix = SparseMatrix(sparse.csr_matrix([[1.0, 0, 2], [0, 3, 0]]))
    assert matrix.transposed().dense().tolist() == [[1, 0], [0, 3], [2, 0]]
    assert matrix.transposed().shape == (3, 2)


def test_spread_is_maximum_minus_minimum_with_its_gradient():
    sets = Operators(Hypergraph.from_sets([[0, 1, 2], [3], [4, 5]], 6))
    values = torch.randn(6, 2, requires_grad=True)
    expected = torch.stack([part.amax(0) - part.amin(0) for part in values.split([3, 1, 2])])
    assert torch.equal(spread(values, sets.offsets, sets.edge_of), expected)
    assert torch.autograd.gradcheck(lambda v: spread(v, sets.offsets, sets.edge_of), values)


def test_equal_extremes_share_the_gradient():
    sets = Operators(Hypergraph.from_sets([[0, 1, 2]], 3))
    values = torch.tensor([[1.0], [1.0], [0.0]], requires_grad=True)
    spread(values, sets.offsets, sets.edge_of).sum().backward()
    assert values.grad.ravel().tolist() == [0.5, 0.5, -1.0]


def test_incidences_are_never_formed_as_a_dense_matrix():
    """40,000 x 40,000 in dense form would need 6.4 GB."""
    nodes = np.arange(40_000)
    graph = Operators(Hypergraph.from_incidences(nodes, nodes // 2, 40_000, 20_000))
    assert graph.walk(torch.ones(40_000, 1)).mean() == 1
