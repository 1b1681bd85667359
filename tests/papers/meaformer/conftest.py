"""Small pairs of knowledge graphs, and double precision for all tests that compare with worked values."""

from __future__ import annotations

import pytest
import torch

from tenfold.papers.meaformer.graph_attention import Edges


@pytest.fixture(autouse=True)
def in_double_precision():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def edges() -> Edges:
    """Twelve nodes, sixteen random triples."""
    drawn = torch.randint(12, (2, 16), generator=torch.Generator().manual_seed(3))
    return Edges.from_triples(drawn[0], drawn[1], 12)


def random_features(nodes: int = 12) -> dict[str, torch.Tensor]:
    """Features of relation, attribute and vision."""
    generator = torch.Generator().manual_seed(7)
    sizes = {"relation": 5, "attribute": 4, "vision": 6, "char": 3}
    return {name: torch.rand(nodes, size, generator=generator) for name, size in sizes.items()}
