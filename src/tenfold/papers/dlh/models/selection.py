"""Which levels change: the assignment q(e) of Eqs. 3-4, its soft variant, and nested timescales (Eq. 5)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def change_wins(change: Tensor, static: Tensor, margin: float = 0.0) -> Tensor:
    """Hard q(e = 1): whether KL to the change prior + margin < KL to the static prior (Eqs. 3-4); ties are static.

    The margin is a training aid of ours; without it, as in every evaluation, this is the paper's rule.
    """
    return change + margin < static


def soft_logit(change: Tensor, static: Tensor, prior_logit: Tensor, margin: float = 0.0) -> Tensor:
    """Logit of VaDE's q(e = 1), proportional to p(e) exp(E_q log p(s | e)): KL_static - KL_change + logit p(e = 1)."""
    return static - change - margin + prior_logit


def nested(proposed: Tensor) -> Tensor:
    """Proposed e (..., N) -> effective e: a level changes only if all below it do, and level 1 always does (Eq. 5)."""
    rest = proposed.clone()
    rest[..., 0] = True
    return rest.cumprod(-1).bool()


def examined(changed: Tensor, *, gated: bool) -> Tensor:
    """Effective e (..., N) -> levels at which e was decided: 1 and 2 always; higher ones where the level below changed.

    Without nesting (`gated` false) every level is.
    """
    seen = torch.ones_like(changed)
    if gated:
        seen[..., 1:] = changed[..., :-1]
    return seen


def cross_entropy(target: Tensor, logit: Tensor) -> Tensor:
    """KL[q(e) || p(e)] of a certain q: -log p(e = target), from the logit of p(e = 1)."""
    return functional.binary_cross_entropy_with_logits(logit, target.to(logit.dtype), reduction="none")


def bernoulli_divergence(q_logit: Tensor, p_logit: Tensor) -> Tensor:
    """KL[q(e) || p(e)] of a soft q, both as logits."""
    q = torch.sigmoid(q_logit)
    log_q1, log_q0 = functional.logsigmoid(q_logit), functional.logsigmoid(-q_logit)
    log_p1, log_p0 = functional.logsigmoid(p_logit), functional.logsigmoid(-p_logit)
    return q * (log_q1 - log_p1) + (1 - q) * (log_q0 - log_p0)


def employed_depth(changed: Tensor) -> Tensor:
    """L-bar: mean over the frames of the number of levels that change, in [1, N]; (..., T, N) -> (...)."""
    return changed.to(torch.get_default_dtype()).sum(-1).mean(-1)


Assignment = Literal["hard", "vade"]
