"""Generated brain networks: correlations of regions that form communities; two of them tighten in class 1.

A stand-in for the hospital data (BP, ADHD) that is not public. It shows that edges can be explained and attacked, and
nothing about real brains.
"""

from __future__ import annotations

import numpy as np

from tenfold.papers.r2et.settings import Brains


def brain_networks(settings: Brains, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edge weights (S, N (N - 1) / 2), labels (S,), and which edges differ between the classes (N (N - 1) / 2,).

    Each subject has signals B (N, T): a community's shared signal plus noise of each region; the weights are the
    correlations of its rows. In class 1 the first two communities share `strength` times as much.
    """
    community = np.arange(settings.nodes) % settings.communities
    labels = np.arange(settings.subjects) % 2
    shared = generator.standard_normal((settings.subjects, settings.communities, settings.length))
    own = generator.standard_normal((settings.subjects, settings.nodes, settings.length))
    loading = np.full((settings.subjects, settings.nodes), settings.loading)
    loading[np.ix_(labels == 1, community < 2)] *= settings.strength
    signals = loading[..., None] * shared[:, community] + own
    signals -= signals.mean(axis=-1, keepdims=True)
    signals /= np.linalg.norm(signals, axis=-1, keepdims=True)
    correlations = signals @ signals.transpose(0, 2, 1)
    rows, columns = np.triu_indices(settings.nodes, k=1)
    differs = (community[rows] == community[columns]) & (community[rows] < 2)
    return correlations[:, rows, columns], labels, differs
