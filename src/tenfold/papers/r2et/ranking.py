"""Orders of features: the top k, what is left of it, and sums of gaps between features."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Pairs: TypeAlias = Literal["all", "anchors", "worst"]


def top_k(importance: Tensor, k: int) -> Tensor:
    """The k most important features as a mask (..., n); of equals the first. Raises ValueError unless 1 <= k < n."""
    features = importance.shape[-1]
    if not 1 <= k < features:
        raise ValueError(f"k is {k}, must be from 1 to {features - 1}: there are {features} features")
    order = ranked(importance)
    return torch.zeros_like(importance, dtype=torch.bool).scatter_(-1, order[..., :k], True)


def ranked(importance: Tensor) -> Tensor:
    """Features from the most to the least important, (..., n); of equals the first one first."""
    return importance.detach().argsort(dim=-1, descending=True, stable=True)


def precision_at_k(clean: Tensor, after: Tensor, k: int) -> Tensor:
    """P@k = |top-k(clean) and top-k(after)| / k for importances (..., n)."""
    return (top_k(clean, k) & top_k(after, k)).sum(-1) / k


def anchor_pairs(k: int) -> list[tuple[int, int]]:
    """Positions (upper, lower) of the authors' 2k - 1 pairs: everything above the k-th with it, and it with k below."""
    last = k - 1
    return [(upper, last) for upper in range(last)] + [(last, last + step) for step in range(1, k + 1)]


def position_coefficients(features: int, k: int, pairs: Pairs, worst: int = 1) -> Tensor:
    """Coefficients (n,) of |I| at each position of the clean order, whose sum is that of the gaps h of the pairs.

    - `all`: k (n - k) pairs of one of the top k and one of the others;
    - `anchors`: the 2k - 1 pairs of `anchor_pairs`, for n >= 2k;
    - `worst`: the `worst` smallest of the top k against as many largest of the others (R2ET-mm).

    Raises ValueError when there are not enough features.
    """
    coefficients = torch.zeros(features, dtype=torch.float64)
    if pairs == "all":
        coefficients[:k], coefficients[k:] = features - k, -k
    elif pairs == "anchors":
        if features < 2 * k:
            raise ValueError(f"the pairs around feature k = {k} need {2 * k} features; there are {features}")
        for upper, lower in anchor_pairs(k):
            coefficients[upper] += 1
            coefficients[lower] -= 1
    else:
        if not 1 <= worst <= min(k, features - k):
            raise ValueError(f"{worst} worst pairs: must be from 1 to min(k, n - k) = {min(k, features - k)}")
        coefficients[k - worst : k], coefficients[k : k + worst] = 1, -1
    return coefficients


def pair_count(features: int, k: int, pairs: Pairs, worst: int = 1) -> int:
    """How many gaps the coefficients sum."""
    return {"all": k * (features - k), "anchors": 2 * k - 1, "worst": worst}[pairs]


def feature_coefficients(clean: Tensor, positions: Tensor) -> Tensor:
    """Coefficients of |I_i| for each feature i (..., n), from those of the positions (n,) in the clean order.

    Positions from the first on that all have the same coefficient as the last need no order: a partial sort will do.
    """
    positions = positions.to(clean)
    rest = positions[-1]
    distinct = int((positions != rest).nonzero().max()) + 1 if bool((positions != rest).any()) else 0
    first = clean.detach().topk(distinct, dim=-1).indices
    values = positions[:distinct].expand(first.shape)
    return torch.full_like(clean, float(rest)).scatter_(-1, first, values)


def all_pairs_coefficients(clean: Tensor, k: int) -> Tensor:
    """Coefficients (..., n) of |I_i| in the sum of all gaps, of equals the first on top as in `top_k`."""
    features = clean.shape[-1]
    return torch.where(top_k(clean, k), features - k, -k).to(clean)


def distinct_share(importance: Tensor, k: int) -> float:
    """Different top-k sets over samples (B, n), as a share of the samples.

    Near 1 / B the order is the same everywhere, and P@k is high for a reason that has nothing to do with robustness.
    """
    return len(torch.unique(top_k(importance, k), dim=0)) / len(importance)
