"""Graph attention with diagonal weight matrices, on the edges alone: nothing here is of size N x N.

One head, w in R^d and a = [a_1 ; a_2] in R^{2d}, for node i with neighbours j (itself among them):

    z_i = x_i * w,   e_ij = exp(-LeakyReLU_0.2(a_1^T z_i + a_2^T z_j)),   out_i = sum_j e_ij z_j / sum_j e_ij

Because w multiplies every z_j alike, out_i = w * sum_j p_ij x_j with p the normalised e. So a head is one product of a
sparse matrix (values p) with x; its gradient in p_ij is the inner product of row i of the incoming gradient with x_j,
and its gradient in x is the transposed product. A loss on a batch needs the outputs of the batch alone, and the last
layer but one only at its neighbours: a `ReceptiveField` holds the edges that each layer really needs.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.nn import functional

NEGATIVE_SLOPE = 0.2


@dataclass(frozen=True, eq=False)
class Edges:
    """A sparse pattern in CSR form: `columns[offsets[i]:offsets[i + 1]]` are the neighbours of row i."""

    offsets: torch.Tensor
    """(R + 1,) int64"""
    columns: torch.Tensor
    """(E,) int64"""
    width: int
    """Number of columns that there can be."""
    weights: torch.Tensor | None = None
    """(E,) one for each edge, where an encoder reads them; attention makes its own."""

    @classmethod
    def from_triples(cls, heads: torch.Tensor, tails: torch.Tensor, nodes: int) -> Edges:
        """Both directions of every triple with h != t and a self loop for every node, each pair once.

        The weight of a pair is its number of triples.
        """
        different = heads != tails
        heads, tails, loops = heads[different], tails[different], torch.arange(nodes, device=heads.device)
        pairs = torch.cat([heads * nodes + tails, tails * nodes + heads, loops * nodes + loops])
        keys, triples = torch.unique(pairs, return_counts=True)
        counts = torch.bincount(keys // nodes, minlength=nodes)
        return cls(_offsets(counts), keys % nodes, nodes, triples.to(torch.get_default_dtype()))

    def normalized(self) -> Edges:
        """The same pattern with weights D^-1/2 A D^-1/2, where A counts the triples of a pair (self loops 1)."""
        assert self.weights is not None
        degree = self.weights.new_zeros(self.height).index_add_(0, self.rows, self.weights)
        scale = degree**-0.5
        weights = self.weights * scale[self.rows] * scale[self.columns]
        return Edges(self.offsets, self.columns, self.width, weights)

    @property
    def height(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def rows(self) -> torch.Tensor:
        """(E,) row of each edge."""
        return torch.repeat_interleave(torch.arange(self.height, device=self.offsets.device), self.offsets.diff())

    @cached_property
    def transposed(self) -> tuple[Edges, torch.Tensor]:
        """The pattern with rows and columns exchanged, and the place here of each of its edges."""
        order = torch.argsort(self.columns, stable=True)
        counts = torch.bincount(self.columns, minlength=self.width)
        return Edges(_offsets(counts), self.rows[order], self.height), order

    def select(self, rows: torch.Tensor) -> Edges:
        """The pattern of these rows (n,), in their order."""
        starts, counts = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        offsets = _offsets(counts)
        shift = torch.repeat_interleave(starts - offsets[:-1], counts)
        place = torch.arange(len(shift), device=shift.device) + shift
        weights = None if self.weights is None else self.weights[place]
        return Edges(offsets, self.columns[place], self.width, weights)

    def product(self, values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """The sparse matrix with these values (E,) times x (width, d): (R, d)."""
        if x.device.type in ("cpu", "cuda"):
            return self._matrix(values) @ x
        return x.new_zeros(self.height, x.shape[1]).index_add_(0, self.rows, values[:, None] * x[self.columns])

    def inner_products(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """left_i . right_j for every edge (i, j): (E,), from left (R, d) and right (width, d)."""
        if left.device.type in ("cpu", "cuda"):
            pattern = self._matrix(left.new_zeros(len(self.columns)))
            return torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0).values()
        return (left[self.rows] * right[self.columns]).sum(dim=1)

    def _matrix(self, values: torch.Tensor) -> torch.Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            shape = (self.height, self.width)
            return torch.sparse_csr_tensor(self.offsets, self.columns, values, shape, check_invariants=False)


def _offsets(counts: torch.Tensor) -> torch.Tensor:
    return functional.pad(counts.cumsum(0), (1, 0))


class _NeighbourSum(torch.autograd.Function):
    """values (E,), x (width, d) -> (R, d), with gradients that stay on the edges."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, x: torch.Tensor, edges: Edges) -> torch.Tensor:
        ctx.save_for_backward(values, x)
        ctx.edges = edges
        return edges.product(values, x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        values, x = ctx.saved_tensors
        gradient = gradient.contiguous()
        of_values = ctx.edges.inner_products(gradient, x) if ctx.needs_input_grad[0] else None
        of_x = None
        if ctx.needs_input_grad[1]:
            turned, order = ctx.edges.transposed
            of_x = turned.product(values[order], gradient)
        return of_values, of_x, None


def neighbour_sum(values: torch.Tensor, x: torch.Tensor, edges: Edges) -> torch.Tensor:
    """sum_j values_ij x_j for every row i: (R, d)."""
    return _NeighbourSum.apply(values, x, edges)


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """What a graph encoder needs for the outputs at some rows: the edges of each layer, the first layer first."""

    layers: tuple[Edges, ...]
    centres: tuple[torch.Tensor, ...]
    """For each layer (R,): where its rows stand among its columns."""

    @classmethod
    def of(cls, edges: Edges, rows: torch.Tensor, layers: int) -> ReceptiveField:
        """The field of `rows` (n,) under `layers` layers of `edges`; every node must have its self loop."""
        found, centres = [], []
        for depth in range(layers, 0, -1):
            chosen = edges.select(rows)
            if depth == 1:
                found.append(chosen)
                centres.append(rows)
                break
            below, columns = torch.unique(chosen.columns, return_inverse=True)
            found.append(Edges(chosen.offsets, columns, len(below), chosen.weights))
            centres.append(torch.searchsorted(below, rows))
            rows = below
        return cls(tuple(found[::-1]), tuple(centres[::-1]))


class DiagonalAttention(nn.Module):
    """One layer: the mean over heads. Starts with w = 1 and a uniform in +-1/sqrt(2d)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(heads, width))  # w
        bound = (2 * width) ** -0.5
        self.attention = nn.Parameter(torch.empty(heads, 2, width).uniform_(-bound, bound))  # a_1, a_2

    def forward(self, x: torch.Tensor, edges: Edges, centres: torch.Tensor) -> torch.Tensor:
        """X (width, d) at the columns of `edges`, `centres` (R,) where the rows stand among them: (R, d)."""
        scores = torch.einsum("hsd,nd->hsn", self.attention * self.scale[:, None, :], x)  # (H, 2, width)
        total = x.new_zeros(edges.height, x.shape[1])
        for head in range(len(self.scale)):  # a sparse product has one set of values
            logits = -functional.leaky_relu(
                scores[head, 0][centres][edges.rows] + scores[head, 1][edges.columns], NEGATIVE_SLOPE
            )
            total = total + neighbour_sum(row_softmax(logits, edges), x, edges) * self.scale[head]
        return total / len(self.scale)


def row_softmax(logits: torch.Tensor, edges: Edges) -> torch.Tensor:
    """exp(logits) (E,), divided by their sum in each row."""
    with torch.no_grad():
        highest = logits.new_full((edges.height,), -torch.inf)
        highest.scatter_reduce_(0, edges.rows, logits, "amax")
    exponentials = torch.exp(logits - highest[edges.rows])
    sums = exponentials.new_zeros(edges.height).index_add(0, edges.rows, exponentials)
    return exponentials / sums[edges.rows]


class GraphEncoder(nn.Module):
    """Trainable inputs X ~ N(0, 1/N) of all N nodes, and layers of diagonal attention with ELU between them."""

    def __init__(self, nodes: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.inputs = nn.Parameter(torch.randn(nodes, width) * nodes**-0.5)
        self.layers = nn.ModuleList(DiagonalAttention(width, heads) for _ in range(layers))

    def forward(self, field: ReceptiveField) -> torch.Tensor:
        """Outputs (n, d) at the rows of the field."""
        x = self.inputs
        for number, (layer, edges, centres) in enumerate(zip(self.layers, field.layers, field.centres, strict=True)):
            x = layer(functional.elu(x) if number else x, edges, centres)
        return x
