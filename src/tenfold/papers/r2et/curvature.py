"""Second derivatives of f_c with respect to the input: the full Hessian, its norms, and a finite difference of them."""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.r2et.networks.stack import Stack
from tenfold.papers.r2et.saliency import Score, norm, saliency, scaled


def hessian(score: Score, x: Tensor) -> Tensor:
    """H(x) (..., n, n) of samples that are vectors (..., n), all rows at once."""

    def row(direction: Tensor) -> Tensor:
        return torch.func.jvp(lambda inner: saliency(score, inner), (x,), (direction.expand_as(x),))[1]

    basis = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    return torch.func.vmap(row)(basis).movedim(0, -1)


def frobenius(matrices: Tensor) -> Tensor:
    """||H||_F (...)."""
    return matrices.flatten(-2).norm(dim=-1)


def largest_eigenvalue(matrices: Tensor) -> Tensor:
    """|lambda| of the symmetric matrices' eigenvalue that is largest in size (...). Differentiable."""
    return torch.linalg.eigvalsh(matrices).abs().amax(-1)


def unit_sign(gradients: Tensor, sample_dimensions: int) -> Tensor:
    """Z = sign(I) / ||sign(I)||_2; zero where I is."""
    signs = gradients.sign()
    return scaled(signs, 1 / norm(signs, sample_dimensions).clamp_min(1))


def curvature_estimate(
    score: Score, x: Tensor, delta: float, sample_dimensions: int, z: Tensor | None = None
) -> Tensor:
    """||(I(x + delta z) - I(x)) / delta||_2 (...), the estimate of the curvature along z = sign(I) / ||sign(I)||_2."""
    gradients = saliency(score, x)
    z = unit_sign(gradients, sample_dimensions) if z is None else z
    return norm(saliency(score, x + delta * z) - gradients, sample_dimensions) / delta


# -------------------------------------------------------------------------------- networks of straight pieces


def logit_jacobian(stack: Stack, x: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (M, B, K) and their Jacobian (M, B, K, n). Differentiable in the weights."""
    logits, pullback = torch.func.vjp(stack.logits, x)[:2]
    # one reverse pass for each class, and only tables of two classes use this
    rows = [
        pullback(torch.zeros_like(logits).index_fill(-1, torch.tensor(label, device=x.device), 1.0))[0]
        for label in range(logits.shape[-1])
    ]
    return logits, torch.stack(rows, dim=-2)


def softmax_hessian(logits: Tensor, classes: Tensor) -> Tensor:
    """Second derivatives (..., K, K) of the softmax probability of `classes` (...) with respect to the logits."""
    p = logits.softmax(-1)
    chosen = torch.nn.functional.one_hot(classes, logits.shape[-1]).to(p)
    difference = chosen - p
    inner = (
        difference.unsqueeze(-1) * difference.unsqueeze(-2) - torch.diag_embed(p) + p.unsqueeze(-1) * p.unsqueeze(-2)
    )
    return p.gather(-1, classes.unsqueeze(-1)).unsqueeze(-1) * inner


def piecewise_linear_hessian(stack: Stack, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Logits, and H(x) = J^T S J (M, B, n, n) of f_c of ReLU networks on tables; exact except on kinks.

    The logits of a ReLU network are linear in pieces, so all its curvature is that of the softmax: S (K, K), and J is
    the Jacobian of the logits. That takes K reverse passes instead of n.
    """
    if stack.beta is not None:
        raise ValueError("only the logits of ReLU networks are linear in pieces; use `hessian` for softplus")
    logits, jacobian = logit_jacobian(stack, x)
    return logits, jacobian.mT @ softmax_hessian(logits, classes) @ jacobian
