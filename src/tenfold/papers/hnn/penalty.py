"""Hypergraph Laplacian regularisation."""

from __future__ import annotations

import torch

from tenfold.papers.hnn.operators import Operators


def laplacian_penalty(nodes: torch.Tensor, graph: Operators) -> torch.Tensor:
    """tr(Z^T L Z) / N with L = I - D_v^-1/2 H D_e^-1 H^T D_v^-1/2, for embeddings Z (N, d). Never below 0."""
    return (nodes * (nodes - graph.theta(nodes))).sum() / len(nodes)
