"""Attention on edges against worked values, dense matrices and PyTorch Geometric."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tenfold.papers.meaformer.graph_attention import (
    DiagonalAttention,
    Edges,
    GraphEncoder,
    ReceptiveField,
    neighbour_sum,
)


def chain() -> Edges:
    return Edges.from_triples(torch.tensor([0, 1]), torch.tensor([1, 2]), 3)


def one_head(w, a) -> DiagonalAttention:
    layer = DiagonalAttention(len(w), 1)
    with torch.no_grad():
        layer.scale[0] = torch.tensor(w)
        layer.attention[0] = torch.tensor(a).view(2, -1)
    return layer


def everything(edges: Edges) -> torch.Tensor:
    return torch.arange(edges.height)


def dense_attention(layer: DiagonalAttention, x: torch.Tensor, edges: Edges) -> torch.Tensor:
    """The card's formula with N x N matrices."""
    n = edges.height
    adjacency = torch.zeros(n, n, dtype=torch.bool)
    adjacency[edges.rows, edges.columns] = True
    outputs = []
    for w, (a_1, a_2) in zip(layer.scale, layer.attention, strict=True):
        z = x * w
        e = torch.exp(-functional.leaky_relu((z @ a_1)[:, None] + (z @ a_2)[None, :], 0.2)) * adjacency
        outputs.append(e @ z / e.sum(1, keepdim=True))
    return torch.stack(outputs).mean(0)


def test_the_worked_head():
    x = torch.tensor([[1.0, 2], [3, -1], [0, 1]])
    out = one_head([1.0, 0.5], [0.1, 0.2, -0.3, 0.4])(x, chain(), torch.arange(3))
    expected = torch.tensor([[2.272905, 0.045321], [1.660997, 0.183016], [1.867378, -0.122459]])
    assert torch.allclose(out, expected, atol=1e-6)


def test_a_node_with_only_a_self_loop_keeps_its_scaled_input():
    edges = Edges.from_triples(torch.tensor([0, 2]), torch.tensor([1, 2]), 3)  # node 2 has only a loop as a triple
    x = torch.randn(3, 4)
    layer = DiagonalAttention(4, 2)
    with torch.no_grad():
        layer.scale.uniform_()
    assert torch.allclose(layer(x, edges, torch.arange(3))[2], x[2] * layer.scale.mean(0))


def test_edges_are_both_directions_and_loops_once_each_weighing_their_triples():
    edges = Edges.from_triples(torch.tensor([0, 0, 1, 2]), torch.tensor([1, 1, 0, 2]), 3)
    places = zip(edges.rows.tolist(), edges.columns.tolist(), strict=True)
    found = dict(zip(places, edges.weights.tolist(), strict=True))
    assert found == {(0, 0): 1, (0, 1): 3, (1, 0): 3, (1, 1): 1, (2, 2): 1}


def test_attention_agrees_with_dense_matrices(edges):
    layer, x = DiagonalAttention(5, 3), torch.randn(12, 5)
    with torch.no_grad():
        layer.scale.uniform_(-2, 2)
    assert torch.allclose(layer(x, edges, everything(edges)), dense_attention(layer, x, edges))


def test_gradients_agree_with_dense_matrices(edges):
    layer, x = DiagonalAttention(4, 2), torch.randn(12, 4, requires_grad=True)
    given = [x, layer.scale, layer.attention]
    weights = torch.randn(12, 4)
    found = torch.autograd.grad((layer(x, edges, everything(edges)) * weights).sum(), given)
    expected = torch.autograd.grad((dense_attention(layer, x, edges) * weights).sum(), given)
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other)


def test_the_gradient_of_a_neighbour_sum_is_numerically_right(edges):
    values = torch.rand(len(edges.columns), requires_grad=True)
    x = torch.randn(12, 3, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v, y: neighbour_sum(v, y, edges), (values, x))


def test_without_the_minus_sign_it_is_the_layer_of_pytorch_geometric(edges):
    """A GATConv with a diagonal weight matrix and attention -a, without the sign of the negative slope's kink."""
    from torch_geometric.nn import GATConv

    layer, x = DiagonalAttention(6, 1), torch.randn(12, 6)
    with torch.no_grad():
        layer.scale.uniform_(0.5, 2)
    reference = GATConv(6, 6, heads=1, add_self_loops=False, bias=False, negative_slope=5.0)
    with torch.no_grad():
        # -leaky_0.2(s) = 0.2 leaky_5(-s), so attention of -0.2 a and a slope of 5 give the same exponent.
        reference.lin.weight.copy_(torch.diag(layer.scale[0]))
        reference.att_dst.copy_(-0.2 * layer.attention[0, 0].view(1, 1, -1))
        reference.att_src.copy_(-0.2 * layer.attention[0, 1].view(1, 1, -1))
    expected = reference(x, torch.stack([edges.columns, edges.rows]))
    assert torch.allclose(layer(x, edges, everything(edges)), expected)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_outputs_at_a_batch_and_their_gradients_need_only_its_field(edges, layers):
    encoder = GraphEncoder(12, 4, layers, 2)
    rows = torch.tensor([7, 2, 7, 11])
    full = encoder(ReceptiveField.of(edges, everything(edges), layers))[rows]
    part = encoder(ReceptiveField.of(edges, rows, layers))
    assert torch.allclose(part, full)
    for one, other in zip(
        torch.autograd.grad((part**2).sum(), encoder.parameters()),
        torch.autograd.grad((full**2).sum(), encoder.parameters()),
        strict=True,
    ):
        assert torch.allclose(one, other)


def test_nothing_of_size_n_by_n_is_allocated():
    """A graph whose N x N matrix would need 80 GB in single precision trains in this process."""
    nodes = 150_000
    heads, tails = torch.randint(nodes, (2, 1000))
    edges = Edges.from_triples(heads, tails, nodes)
    encoder = GraphEncoder(nodes, 2, 2, 1)
    encoder(ReceptiveField.of(edges, torch.arange(nodes), 2)).sum().backward()
    assert encoder.inputs.grad.shape == (nodes, 2)


def test_initial_values():
    encoder = GraphEncoder(10_000, 8, 1, 2)
    assert encoder.inputs.std().item() == pytest.approx(0.01, rel=0.02)
    layer = encoder.layers[0]
    assert torch.equal(layer.scale, torch.ones(2, 8))
    assert float(layer.attention.abs().max()) <= 0.25
