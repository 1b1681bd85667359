"""k-means, for the intents of ICLRec."""

from __future__ import annotations

import numpy as np
import torch


def kmeans(
    vectors: torch.Tensor, count: int, iterations: int, generator: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Centres `(K, d)` and the cluster `(N,)` of each of `vectors (N, d)`, from `K = min(count, N)` of them, drawn.

    An empty cluster moves to a vector that is far from its centre.
    """
    start = generator.choice(len(vectors), size=min(count, len(vectors)), replace=False)
    centres = vectors[torch.from_numpy(start).to(vectors.device)]
    for _ in range(iterations):
        cluster, distance = nearest(vectors, centres)
        sizes = torch.bincount(cluster, minlength=len(centres))
        sums = torch.zeros_like(centres).index_add_(0, cluster, vectors)
        centres = sums / sizes.clamp(min=1)[:, None]
        empty = torch.nonzero(sizes == 0).flatten()
        centres[empty] = vectors[distance.argsort(descending=True, stable=True)[: len(empty)]]
    return centres, nearest(vectors, centres)[0]


def nearest(vectors: torch.Tensor, centres: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest of the centres `(K, d)` of each vector `(N, d)`, and the squared distance to it."""
    partial = torch.addmm(centres.square().sum(1), vectors, centres.T, alpha=-2)
    smallest, cluster = partial.min(dim=1)
    return cluster, smallest + vectors.square().sum(1)
