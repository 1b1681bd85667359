"""Metrics of ranked lists with one relevant item each, from the rank of that item (0 is the top).

With one relevant item the hit rate equals recall, and the ideal discounted gain is 1.
"""

from __future__ import annotations

import numpy as np


def hits(ranks: np.ndarray, k: int) -> np.ndarray:
    """1 where the relevant item is among the top `k`, else 0; the mean is HR@k (Hits@k, Recall@k)."""
    return (ranks < k).astype(np.float64)


def discounted_gains(ranks: np.ndarray, k: int) -> np.ndarray:
    """`1 / log2(rank + 2)` where the relevant item is among the top `k`, else 0; the mean is NDCG@k."""
    return hits(ranks, k) / np.log2(ranks + 2.0)


def reciprocal_ranks(ranks: np.ndarray) -> np.ndarray:
    """`1 / (rank + 1)`; the mean is MRR."""
    return 1 / (ranks + 1.0)
