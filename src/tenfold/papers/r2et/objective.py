"""What a training step minimises: the classification loss plus a penalty on the explanation, for a stack of models.

    L = L_cls - lambda_1 (mean gap of the pairs) + lambda_2 ||(I(x + delta z) - I(x)) / delta||_2

The pairs come from the order of the features at x, z = sign(I) / ||sign(I)||_2 from the signs there; neither has a
gradient almost everywhere. So I is made by one reverse pass whose own graph is kept, and the mean gap is
<coefficients, |I|>: one product, whatever the number of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from tenfold.papers.r2et.curvature import frobenius, largest_eigenvalue, piecewise_linear_hessian, unit_sign
from tenfold.papers.r2et.networks.stack import Stack
from tenfold.papers.r2et.ranking import Pairs, feature_coefficients, pair_count, position_coefficients
from tenfold.papers.r2et.saliency import importance, norm

SMALLEST = 1e-12
"""Below this a penalty counts as this where it divides."""


class Losses(NamedTuple):
    """Of each model (M,): what is minimised has a gradient, the parts are for the record."""

    total: Tensor
    classification: Tensor
    gap: Tensor
    curvature: Tensor


@dataclass(frozen=True)
class Gaps:
    """Which gaps are made large."""

    k: int
    pairs: Pairs = "all"
    worst: int = 1
    exponential: bool = False
    """Minimise the mean of exp(-h) instead of that of -h (the authors' `etx`); for anchor pairs only"""

    def coefficients(self, sizes: Tensor) -> Tensor:
        """Coefficients of |I_i| (..., n) in the mean gap, or in the linearisation of -mean exp(-h)."""
        if self.exponential:
            return self._exponential(sizes)
        features = sizes.shape[-1]
        positions = position_coefficients(features, self.k, self.pairs, self.worst)
        return feature_coefficients(sizes, positions / pair_count(features, self.k, self.pairs, self.worst))

    def _exponential(self, sizes: Tensor) -> Tensor:
        ordered = sizes.detach().sort(dim=-1, descending=True, stable=True)
        k = self.k
        last = ordered.values[..., k - 1 : k]
        above = torch.exp(last - ordered.values[..., : k - 1]) / (2 * k - 1)
        below = torch.exp(ordered.values[..., k : 2 * k] - last) / (2 * k - 1)
        positions = torch.zeros_like(sizes)
        positions[..., : k - 1] = above
        positions[..., k - 1] = below.sum(-1) - above.sum(-1)
        positions[..., k : 2 * k] = -below
        return torch.zeros_like(sizes).scatter_(-1, ordered.indices, positions)


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each model (M,), from logits (M, B, K) and labels (M, B)."""
    return functional.cross_entropy(logits.movedim(-1, 1), labels, reduction="none").mean(-1)


def plain_losses(stack: Stack, x: Tensor, labels: Tensor) -> Losses:
    """Cross-entropy alone."""
    loss = classification_loss(stack.logits(x), labels)
    zero = torch.zeros_like(loss)
    return Losses(loss, loss.detach(), zero, zero)


def r2et_losses(
    stack: Stack,
    x: Tensor,
    labels: Tensor,
    gaps: Gaps,
    gap_weight: Tensor,
    curvature_weight: Tensor,
    delta: float,
    *,
    adaptive: bool = False,
) -> Losses:
    """The R2ET objective; weights lambda_1, lambda_2 are (M,). x (M, B, *shape), labels (M, B).

    With lambda_2 = 0 for all models the second point x + delta z is not visited; with both zero this is the
    cross-entropy. The explained class is the one that the model predicts. `adaptive`: the weights w are the authors',
    lambda = w (L_cls + 1) / |penalty|, so that a penalty always weighs w (L_cls + 1).
    """
    if not bool((gap_weight != 0).any() | (curvature_weight != 0).any()):
        return plain_losses(stack, x, labels)
    dimensions = x.ndim - 2
    logits, classes, gradients = predicted_saliency(stack, x)
    loss = classification_loss(logits, labels)
    sizes = importance(gradients, dimensions)
    gap = (gaps.coefficients(sizes.detach()) * sizes).sum(-1).mean(-1)
    curvature = torch.zeros_like(gap)
    if bool((curvature_weight != 0).any()):
        ahead = x + delta * unit_sign(gradients.detach(), dimensions)
        further = saliency_of(stack, ahead, classes)
        curvature = norm((further - gradients) / delta, dimensions).mean(-1)
    if adaptive:
        target = loss.detach() + 1
        gap_weight = gap_weight * target / gap.detach().abs().clamp_min(SMALLEST)
        curvature_weight = curvature_weight * target / curvature.detach().clamp_min(SMALLEST)
    total = loss - gap_weight * gap + curvature_weight * curvature
    return Losses(total, loss.detach(), gap.detach(), curvature.detach())


def predicted_saliency(stack: Stack, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (M, B, K), predicted classes (M, B) and their saliency (as x), all with a graph to the weights."""
    x = x.detach().requires_grad_()
    logits = stack.logits(x)
    classes = logits.detach().argmax(-1)
    (gradients,) = torch.autograd.grad(logits, x, probability_gradient(logits, classes), create_graph=True)
    return logits, classes, gradients


def saliency_of(stack: Stack, x: Tensor, classes: Tensor) -> Tensor:
    """I(x) for given classes, with a graph to the weights."""
    x = x.detach().requires_grad_()
    logits = stack.logits(x)
    return torch.autograd.grad(logits, x, probability_gradient(logits, classes), create_graph=True)[0]


def probability_gradient(logits: Tensor, classes: Tensor) -> Tensor:
    """D p_c / d logits = p_c (1[k = c] - p_k), (..., K)."""
    probabilities = logits.softmax(-1)
    index = classes.unsqueeze(-1)
    own = probabilities.gather(-1, index)
    return torch.zeros_like(probabilities).scatter(-1, index, own) - own * probabilities


def hessian_losses(stack: Stack, x: Tensor, labels: Tensor, weight: Tensor, *, eigenvalue: bool) -> Losses:
    """Exact-H: + lambda ||H(x)||_F. SSR (`eigenvalue`): + lambda |largest eigenvalue of H(x)|.

    For ReLU networks on tables.
    """
    with torch.no_grad():
        classes = stack.logits(x).argmax(-1)
    logits, matrices = piecewise_linear_hessian(stack, x, classes)
    size = (largest_eigenvalue(matrices) if eigenvalue else frobenius(matrices)).mean(-1)
    loss = classification_loss(logits, labels)
    return Losses(loss + weight * size, loss.detach(), torch.zeros_like(loss), size.detach())
